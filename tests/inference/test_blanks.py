"""Text keeps the blanks around it, as for plain Keras; merging is asked for, recorded and told."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from msgspec import UNSET

from keramos.data.read import as_table
from keramos.inference.model import Model
from keramos.pipeline.load import load
from keramos.pipeline.train import train
from keramos.scoring.run import score
from keramos.types.training import TrainingPlan
from support.built_once import built
from support.ways_in import WAYS
from support.ways_served import Impossible

pytestmark = pytest.mark.oracle  # plain Keras opens the file

KINDS = ("WD", "WD ", " WD", "New", "\tNew", "  ")
"""Categories that differ only by blanks, or are nothing but blanks."""


def table():
    """Rows whose target is decided by the blanks around a text."""
    rows = [KINDS[at % len(KINDS)] for at in range(240)]
    size = np.random.default_rng(0).random(240).round(3)
    return pd.DataFrame(
        {"size": size, "kind": rows, "price": [100.0 * KINDS.index(kind) for kind in rows] + size}
    )


def make(path, **options):
    table().to_csv(path / "t.csv", index=False)
    plan = TrainingPlan(recipe="tutorial", epochs=2)
    train(path / "t.csv", "price", task="regression", plan=plan, **options).save(path / "m.keras")


@pytest.fixture(scope="module")
def folder():
    return built("blanks_kept", make)


@pytest.fixture(scope="module")
def kept(folder):
    return load(folder / "m.keras")


@pytest.fixture(scope="module")
def merged():
    return load(built("blanks_trimmed", lambda path: make(path, trim=["kind"])) / "m.keras")


def vocabulary(model):
    (column,) = [one for one in model.content.preparation.inputs if one.column == "kind"]
    return set(column.categories)


def column(model):
    return next(one for one in model.content.schema.columns if one.name == "kind")


def test_plain_keras_fed_by_pandas_answers_as_keramos_by_the_same_file(folder, kept, tmp_path):
    import keras

    frame = pd.read_csv(folder / "t.csv").drop(columns="price")
    inputs = {
        "size": frame["size"].to_numpy("float32")[:, None],
        "kind": np.array(frame["kind"].tolist(), dtype=str)[:, None],
    }
    network = keras.saving.load_model(folder / "m.keras")
    fed = [keras.ops.convert_to_tensor(inputs[one.name]) for one in network.inputs]

    answers = np.ravel(network(fed))

    assert vocabulary(kept) == set(KINDS)
    score(str(folder / "m.keras"), folder / "t.csv", tmp_path / "o.csv")
    for ours in (
        kept.predict(str(folder / "t.csv")),
        kept.predict(frame),
        pd.read_csv(tmp_path / "o.csv")["value"],
    ):
        assert np.allclose(np.ravel(ours), answers, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("way", WAYS)
def test_each_text_is_its_own_category_by_every_way_in(kept, way):
    answers = {}
    for kind in KINDS:
        try:
            answers[kind] = float(WAYS[way](kept, {"size": 0.5, "kind": kind}, "kind"))
        except Impossible:
            pytest.skip("the way cannot carry the row")
    alone = {kind: kept.decide([{"size": 0.5, "kind": kind}])[0].score for kind in KINDS}

    assert answers == pytest.approx(alone, rel=1e-5, abs=1e-3)
    assert len({round(answer, 3) for answer in answers.values()}) == len(KINDS)


def test_values_that_differ_only_by_blanks_are_told_with_the_option_that_merges_them(kept):
    found = column(kept)

    assert found.notation.blanks == "kept"
    assert "6 with the blanks around them: 'WD' and 'WD ' differ only by blanks" in found.reason
    assert "--trim 'kind'" in found.reason


def test_trimming_is_recorded_and_done_in_every_prediction(merged):
    assert vocabulary(merged) == {"WD", "New"}
    assert column(merged).reason.endswith("trimmed on request")
    one, *others = (
        merged.decide([{"size": 0.5, "kind": kind}])[0].score for kind in ("WD", " WD", "WD\t")
    )
    assert others == [one, one]


def test_a_file_without_the_rule_is_read_as_when_it_was_trained(merged):
    """Files from before the rule have no notation, and were trained with trimmed text."""
    content, rows = merged.content, [{"size": 0.5, "kind": kind} for kind in (" WD", "WD", "New ")]
    assert column(merged).notation is UNSET
    old = Model(replace(merged.artifact, content=replace(content)), _compiled(merged))

    assert [one.score for one in old.decide(rows)] == [one.score for one in merged.decide(rows)]


def _compiled(model):
    from keramos.compile.emit import compile_network

    return compile_network(model.artifact.network)


CASES = {
    "blanks everywhere": ([" a", " b"], "blanks around a value belong to it, as in ' a'"),
    "no blanks": (["a", "b"], ""),
    "blanks within": (["a a", "b b"], ""),
    "one twin": (["a", "a ", "b"], "3 with the blanks around them: 'a' and 'a ' differ"),
    "nothing but blanks": (["a", "  ", "b"], "as in '  '"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_reason_of_a_column_says_what_its_blanks_are(case):
    from keramos.data.infer import infer_schema
    from keramos.data.wishes import Wishes

    values, words = CASES[case]
    cells = list(itertools.islice(itertools.cycle(values), 60))
    given = as_table({"x": cells, "y": [1.0, 2.0, 3.0] * 20})

    (found,) = infer_schema(given, "y", Wishes(task="regression")).columns

    assert words in found.reason
    assert ("blanks" in found.reason) == bool(words)
    (trimmed,) = infer_schema(given, "y", Wishes(task="regression", trim=["x"])).columns
    assert trimmed.notation is UNSET


def test_numbers_dates_truth_and_classes_are_read_without_blanks():
    cells = {
        "number": [" 1.5", "2.5 ", " "],
        "date": [" 2020-01-31", "2021-02-01 ", ""],
        "truth": [" true", "false ", "true"],
        "y": [" yes", "no ", "yes "],
    }
    run = train(
        {name: values * 20 for name, values in cells.items()},
        "y",
        plan=TrainingPlan(recipe="tutorial", epochs=1),
    )
    schema = run.content.schema

    assert {one.name: one.kind for one in schema.columns} == {
        "number": "number",
        "date": "date",
        "truth": "boolean",
    }
    assert schema.target.classes == ("no", "yes")
    assert "blanks around a class are no part of it" in schema.target.reason


def test_arrow_text_of_every_type_keeps_its_blanks(kept):
    alone = kept.decide([{"size": 0.5, "kind": "WD "}])[0].score
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        array = pa.array(["WD "], kind)
        for cells in (array, array.dictionary_encode() if kind != pa.string_view() else array):
            batch = pa.record_batch({"size": pa.array([0.5]), "kind": cells})
            (answers,) = kept.predict(iter([batch]))
            assert answers.column("value")[0].as_py() == pytest.approx(alone, rel=1e-5)


def test_the_openapi_document_takes_text_of_blanks_where_they_are_kept(kept, merged):
    from keramos.serving.openapi.schemas import row_schema

    assert "\\S" not in json.dumps(row_schema(kept.content))
    assert json.loads(json.dumps(row_schema(merged.content)))["properties"]["kind"]
