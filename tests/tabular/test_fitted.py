"""Fitted transforms give what scikit-learn gave, by NumPy and by built-in layers."""

import numpy as np
import pytest

from keramos.companions.pickle_file import read_pickle
from keramos.compile.emit import compile_network
from keramos.errors import UnsupportedModelError
from keramos.runtime.session import Session
from keramos.tabular.column_steps import applied
from keramos.tabular.fitted.front import Front, Raw
from keramos.tabular.fitted.table import FITTED, REFUSED, fitted_of
from keramos.types.limits import LIMITS
from keramos.types.network import Network
from keramos.types.schema import MISSING_NUMBER
from support.recorded_pickles import PICKLES, entries, recorded

FOUND = entries()
NAMES = sorted(name for name in FOUND if name.endswith(PICKLES))
REFUSED_HERE = {
    "Binarizer", "CountVectorizer", "MultiLabelBinarizer", "SimpleImputer_indicator",
    "SplineTransformer", "TfidfVectorizer",
}  # fmt: skip
LOOSE = {"PolynomialFeatures": 5e-5}


def base(name):
    return name.partition("/")[2].partition(".")[0]


def transform(name):
    return fitted_of(read_pickle(FOUND[name], LIMITS))


KNOWN = [name for name in NAMES if base(name) not in REFUSED_HERE]


def test_every_transform_of_the_table_is_recorded():
    classes = {read_pickle(FOUND[name], LIMITS).kind.name for name in NAMES}

    assert set(FITTED) - classes == set()


@pytest.mark.parametrize("name", [name for name in NAMES if base(name) in REFUSED_HERE][:12])
def test_others_are_refused_by_name(name):
    with pytest.raises(UnsupportedModelError):
        transform(name)


def test_every_reason_is_of_a_class_outside_of_the_table():
    assert set(REFUSED) & set(FITTED) == set()


@pytest.mark.parametrize("folder", sorted({name.partition("/")[0] for name in NAMES}))
def test_numpy_gives_what_was_recorded(folder):
    for name in KNOWN:
        known = recorded(FOUND, name) if name.startswith(folder) else None
        if known is None:
            continue
        columns, expected = known

        got = np.column_stack(transform(name).apply(columns))

        if expected.dtype.kind == "U" and got.dtype.kind != "O":
            expected = expected.astype(float)
        if expected.dtype.kind == "U":
            assert got.tolist() == expected.reshape(got.shape).tolist(), name
        else:
            assert np.abs(got - expected.reshape(got.shape)).max() < 1e-6, name


def network_of(fitted, columns):
    """The layers of a transform, and what they are fed with."""
    names = tuple(f"c{place}" for place in range(len(columns)))
    row = [Raw(place) for place in range(len(columns))]
    trial = Front(names)
    trial.numbers(fitted.layers(trial, list(row)))
    kinds = {place: use.kind for place, use in trial.uses.items()}
    matrix = len(kinds) == len(columns) and set(kinds.values()) == {"number"}
    front = Front(names, kinds, matrix)
    front.open()
    output, _ = front.numbers(fitted.layers(front, list(row)))
    plan = front.plan
    fed = {names[place]: cells(columns[place], use) for place, use in front.uses.items()}
    if matrix:
        fed = {"features": np.concatenate([fed[name] for name in names], axis=1)}
    if not plan.calls:
        return None, fed
    return Network("t", plan.layers, tuple(plan.calls), tuple(plan.inputs), (output,)), fed


def cells(column, use):
    if use.kind == "number":
        values = applied(use.steps, column.astype(float))
        return np.where(np.isnan(values), MISSING_NUMBER, values).astype("float32")[:, None]
    if use.kind == "integer_category":
        return column.astype("int64")[:, None]
    return np.array(["" if cell is None else cell for cell in column], object)[:, None]


@pytest.mark.parametrize("folder", sorted({name.partition("/")[0] for name in NAMES}))
def test_layers_give_what_was_recorded(folder):
    done = set()
    for name in KNOWN:
        known = recorded(FOUND, name) if name.startswith(folder) else None
        if known is None or base(name) in done or base(name) == "SimpleImputer_freq":
            continue
        done.add(base(name))
        network, fed = network_of(transform(name), known[0])
        expected = known[1].astype(float)

        got = (
            next(iter(fed.values()))
            if network is None
            else Session(compile_network(network)).run(fed)[0]
        )

        limit = LOOSE.get(base(name), 1e-6)
        assert np.abs(got - expected.reshape(got.shape)).max() < limit, name
    assert len(done) > 15
