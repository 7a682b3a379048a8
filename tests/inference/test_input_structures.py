"""Inputs and outputs in the structure with which a model was built, as in Keras."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keramos
from keramos.errors import KeramosError, MismatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Structure = object

pytestmark = [
    pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict:UserWarning"),
    pytest.mark.filterwarnings("ignore:The structure of `inputs`:UserWarning"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning"),
]

NAMES = ("a", "b", "c")
"""Names of InputLayers, and keys too: a permutation of them is the case that answered otherwise."""

structures = st.recursive(
    st.just(None),
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3),
        st.permutations(NAMES).flatmap(
            lambda keys: st.lists(parts, min_size=1, max_size=3).map(
                lambda found: dict(zip(keys, found, strict=False))
            )
        ),
    ),
    max_leaves=3,
).filter(lambda structure: 1 < count(structure) <= len(NAMES))


def count(structure: Structure) -> int:
    """How many tensors a structure holds."""
    parts = structure.values() if isinstance(structure, dict) else structure
    return 1 if parts is None else sum(map(count, parts))  # type: ignore[arg-type] # a list


def filled(structure: Structure, leaf: Callable[[], object]) -> object:
    """The structure with a new value at each place, in the order in which it is written."""
    if structure is None:
        return leaf()
    if isinstance(structure, dict):
        return {key: filled(part, leaf) for key, part in structure.items()}
    return [filled(part, leaf) for part in structure]  # type: ignore[attr-defined] # a list


def flat(structure: object) -> list[object]:
    """The values of a filled structure in the order in which they are written."""
    if isinstance(structure, dict | list):
        parts = structure.values() if isinstance(structure, dict) else structure
        return [one for part in parts for one in flat(part)]
    return [structure]


def weighed(tensors: list[object]) -> object:
    """A sum in which every tensor counts differently."""
    scaled = [keras.layers.Rescaling(10.0**place)(one) for place, one in enumerate(tensors)]
    return keras.layers.Add()(scaled)


def built(structure: Structure, names: tuple[str, ...]) -> keras.Model:
    """A model over inputs in a structure whose InputLayers have these names."""
    given = iter(names)
    inputs = filled(structure, lambda: keras.Input((2,), name=next(given)))
    return keras.Model(inputs, weighed(flat(inputs)))


def answer(ask: Callable[[object], object], x: object) -> object:
    """What is answered, or None for a refusal."""
    try:
        return np.asarray(ask(x)).round(3).tolist()
    except (KeramosError, ValueError):
        return None


@settings(max_examples=30)
@given(structures, st.permutations(NAMES), st.sampled_from(["keras", "h5"]))
def test_an_input_in_the_structure_of_the_model_is_answered_as_keras_answers(
    tmp_path_factory: pytest.TempPathFactory,
    structure: Structure,
    names: list[str],
    form: str,
) -> None:
    model = built(structure, tuple(names))
    path = tmp_path_factory.mktemp("built") / f"m.{form}"
    model.save(path)
    numbers = iter(range(1, 9))
    x = filled(structure, lambda: np.full((2, 2), next(numbers), "float32"))
    wanted = np.asarray(model(x)).round(3).tolist()

    opened = keramos.load(path)
    keramos.convert(path, path.with_suffix(".new.keras"))

    assert answer(opened.predict, x) == wanted
    assert answer(keramos.load(path.with_suffix(".new.keras")).predict, x) == wanted


@settings(max_examples=30)
@given(structures, st.permutations(NAMES))
def test_a_list_that_keras_answers_is_answered_so(
    tmp_path_factory: pytest.TempPathFactory, structure: Structure, names: list[str]
) -> None:
    model = built(structure, tuple(names))
    path = tmp_path_factory.mktemp("built") / "m.keras"
    model.save(path)
    arrays = [np.full((2, 2), 1 + place, "float32") for place in range(count(structure))]

    wanted = answer(model, arrays)
    found = answer(keramos.load(path).predict, arrays)
    assert wanted in (None, found)


@pytest.mark.parametrize("names", list(permutations(NAMES)))
def test_a_list_of_inputs_takes_a_dict_by_their_names(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    model = built([None, None, None], names)
    model.save(tmp_path / "m.keras")
    x = {name: np.full((1, 2), place, "float32") for place, name in enumerate(NAMES)}

    assert answer(keramos.load(tmp_path / "m.keras").predict, x) == answer(model, x)


@pytest.mark.parametrize("keys", list(permutations(NAMES)))
def test_a_nested_model_takes_a_dict_by_the_keys_it_was_built_with(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    inner = built(dict.fromkeys(keys), NAMES)
    inputs = [keras.Input((2,), name=f"outer_{name}") for name in NAMES]
    model = keras.Model(inputs, inner(dict(zip(NAMES, inputs, strict=True))))
    model.save(tmp_path / "m.keras")
    x = [np.full((1, 2), 1 + place, "float32") for place in range(3)]

    assert answer(keramos.load(tmp_path / "m.keras").predict, x) == answer(model, x)


def test_the_keys_are_the_names_of_the_inputs_everywhere(tmp_path: Path) -> None:
    built({"digits": None, "age": None}, ("x", "y")).save(tmp_path / "m.keras")

    model = keramos.load(tmp_path / "m.keras")

    assert [spec.name for spec in model.inputs] == ["age", "digits"]


def test_a_dict_without_an_input_is_refused_with_the_keys_that_are_needed(tmp_path: Path) -> None:
    built({"digits": None, "age": None}, ("x", "y")).save(tmp_path / "m.keras")

    with pytest.raises(
        MismatchError, match=r"needs input 'age'; received keys x, digits"
    ) as caught:
        keramos.load(tmp_path / "m.keras").predict(
            {"x": np.ones((1, 2)), "digits": np.ones((1, 2))}
        )

    assert caught.value.remedy == "Give a dict with the keys age, digits"


def rounded(found: object) -> object:
    """Nested arrays as nested lists of numbers."""
    if isinstance(found, dict):
        return {key: rounded(part) for key, part in found.items()}
    if isinstance(found, list | tuple):
        return [rounded(part) for part in found]
    return np.asarray(found).round(3).tolist()


@settings(max_examples=30)
@given(structures, st.sampled_from(["keras", "h5"]))
def test_outputs_come_in_the_structure_of_the_model_as_from_keras(
    tmp_path_factory: pytest.TempPathFactory, structure: Structure, form: str
) -> None:
    x, scale = keras.Input((2,)), iter(range(2, 9))
    model = keras.Model(x, filled(structure, lambda: keras.layers.Rescaling(next(scale))(x)))
    path = tmp_path_factory.mktemp("built") / f"m.{form}"
    model.save(path)
    rows = np.full((2, 2), 1.5, "float32")
    wanted = rounded(model.predict(rows, verbose=0))
    keramos.convert(path, path.with_suffix(".new.keras"))

    assert rounded(keramos.load(path).predict(rows)) == wanted
    assert rounded(keramos.load(path.with_suffix(".new.keras")).predict(rows)) == wanted


ONE = {
    "a tensor": lambda y: y,
    "a list": lambda y: [y],
    "a tuple": lambda y: (y,),
    "a dict": lambda y: {"risk": y},
    "a list in a list": lambda y: [[y]],
    "a list in a dict": lambda y: {"risk": [y]},
    "a dict in a list": lambda y: [{"risk": y}],
    "a dict in a dict": lambda y: {"risk": {"high": y}},
}


@pytest.mark.parametrize("form", ["keras", "h5"])
@pytest.mark.parametrize("structure", ONE)
def test_one_output_comes_in_the_structure_of_the_model_as_from_keras(
    tmp_path: Path, structure: str, form: str
) -> None:
    x = keras.Input((2,))
    model = keras.Model(x, ONE[structure](keras.layers.Rescaling(2.0)(x)))
    model.save(tmp_path / f"m.{form}")
    rows = np.ones((1, 2), "float32")

    found = keramos.load(tmp_path / f"m.{form}").predict(rows)

    assert rounded(found) == rounded(model.predict(rows, verbose=0))
    if structure == "a dict":  # used as if it were its array
        np.testing.assert_array_equal(np.squeeze(np.asarray(found)), [2.0, 2.0])
