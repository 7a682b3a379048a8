"""No rows are a request like any other, and inputs have one number of rows, by every way in."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keramos.errors import MismatchError
from keramos.scoring.run import score
from keramos.serving.assemble import ROUTES
from keramos.serving.codecs.named_arrays import as_feeds
from keramos.serving.core.auth import Access
from keramos.serving.core.messages import Request
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.registry.registry import ModelRegistry
from support.command import keramos
from support.served_models import matrix_model, mixed_model, mixed_rows, plain_model

pytestmark = pytest.mark.oracle  # the models are trained by Keras

MODELS = {"mixed": mixed_model, "matrix": matrix_model}
COLUMNS = {"mixed": mixed_rows(), "matrix": {name: [1.5] for name in "abcd"}}
ANSWERS = {"mixed": ["value"], "matrix": ["label", "score"]}


def frame(model):
    """A row of a model, as pandas has it."""
    return pd.DataFrame({name: cells[:1] for name, cells in COLUMNS[model].items()})


FILES = {
    "t.csv": lambda rows, path: rows.to_csv(path, index=False),
    "t.tsv": lambda rows, path: rows.to_csv(path, index=False, sep="\t"),
    "t.jsonl": lambda rows, path: path.write_text(""),
    "blank.jsonl": lambda rows, path: path.write_text("\n\n"),
    "t.parquet": lambda rows, path: pq.write_table(pa.Table.from_pandas(rows), path),
    "t.arrow": lambda rows, path: rows.to_feather(path),
}
TABLES = {
    "a list": lambda _: [],
    "a tuple": lambda _: (),
    "columns": lambda rows: {name: [] for name in rows},
    "a frame without columns": lambda _: pd.DataFrame(),
    "pandas": lambda rows: rows[:0],
    "polars": lambda rows: pl.from_pandas(rows)[:0],
    "Arrow": lambda rows: pa.Table.from_pandas(rows)[:0],
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("model", MODELS)
def test_tables_without_rows_have_no_answers_in_the_shape_of_answers(model, table):
    loaded, rows = MODELS[model](), frame(model)

    answers = loaded.predict(TABLES[table](rows))

    assert loaded.decide(TABLES[table](rows)) == []
    assert answers.shape == (0, *loaded.predict(rows).shape[1:])
    assert answers.dtype == loaded.predict(rows).dtype


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("model", MODELS)
def test_files_without_rows_are_scored_and_predicted_with_a_header(model, file, tmp_path):
    loaded, source = MODELS[model](), tmp_path / file
    FILES[file](frame(model)[:0], source)
    path = loaded.artifact.info.path

    done = keramos("predict", path, source)
    summary = score(path, source, tmp_path / "out.csv")
    score(path, source, tmp_path / "out.parquet")

    assert done.returncode == 0
    (header,) = done.stdout.replace('"', "").splitlines()
    assert header.split(",")[: 1 + len(ANSWERS[model])] == ["row", *ANSWERS[model]]
    assert "0 rows" in done.stderr
    assert summary.totals.rows == 0
    assert (tmp_path / "out.csv").read_text() == done.stdout
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0
    assert loaded.decide(str(source)) == []


def test_a_file_of_blank_lines_beside_others_counts_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    rows = frame("matrix")
    (tmp_path / "in" / "a.jsonl").write_text("\n")
    rows.to_json(tmp_path / "in" / "b.jsonl", orient="records", lines=True)

    summary = score(matrix_model().artifact.info.path, tmp_path / "in", tmp_path / "out.csv")

    assert summary.totals.rows == 1


def test_batches_without_rows_and_no_batches_at_all_are_answered():
    batch = pa.RecordBatch.from_pandas(frame("mixed"))

    (answers,) = mixed_model().predict(iter([batch[:0]]))

    assert answers.num_rows == 0
    assert answers.schema.names == ["value"]
    assert list(mixed_model().predict(iter([]))) == []


def test_arrays_and_lists_without_rows_are_answered_by_plain_files():
    model = plain_model()
    for given in (
        [],
        [np.empty((0, 4)), np.empty((0, 1), object)],
        {"x": [], "word": []},
        {"x": np.empty((0, 4)), "word": np.empty((0, 1), str)},
    ):
        two, one = model.predict(given)
        assert (two.shape, one.shape) == ((0, 2), (0, 1))


NOTHING = {
    "/models/M/decide": {"rows": [], "": []},
    "/models/M/decide?partial=true": {"rows": [], "": []},
    "/v1/models/M:predict": {"instances": [], "inputs": {}},
    "/v1/models/M:classify": {"examples": []},
    "/v1/models/M:regress": {"examples": []},
    "/models/M/invocations": {
        "instances": [],
        "dataframe_records": [],
        "dataframe_split": {"columns": [], "data": []},
        "inputs": {},
    },
}


@pytest.mark.parametrize("path", NOTHING)
@pytest.mark.parametrize("model", MODELS)
def test_requests_without_rows_are_answered_over_http(model, path, caplog):
    loaded = MODELS[model]()
    registry = ModelRegistry()
    registry.add("M", 1, loaded)
    app = App(Context(registry, max_rows=10), ROUTES, Access())
    refused = {"matrix": ":regress", "mixed": ":classify"}[model]
    names = [column.name for column in loaded.content.schema.columns]
    for key, empty in NOTHING[path].items():
        if key == "inputs":
            empty = {name: [] for name in names}  # noqa: PLW2901 (of this model)
        if isinstance(empty, dict) and "data" in empty:
            empty = {"columns": names, "data": []}  # noqa: PLW2901
        body = json.dumps({key: empty} if key else empty).encode()
        where, _, query = path.partition("?")
        headers = {"content-type": "application/json"}

        reply = app.answer(Request("POST", where, query, headers, body))

        assert reply.status == (400 if path.endswith(refused) else 200), (key, reply.body)
        found = json.loads(reply.body)
        if reply.status == 200:
            answers = next(
                found[key]
                for key in ("decisions", "predictions", "results", "outputs")
                if key in found
            )
            assert answers == []
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("kind", "body"), [("text/csv", b"a,b,c,d\n"), ("application/vnd.apache.parquet", None)]
)
def test_tables_without_rows_are_answered_over_http(kind, body, tmp_path):
    registry = ModelRegistry()
    registry.add("M", 1, matrix_model())
    app = App(Context(registry, max_rows=10), ROUTES, Access())
    if body is None:
        pq.write_table(pa.Table.from_pandas(frame("matrix")[:0]), tmp_path / "t")
        body = (tmp_path / "t").read_bytes()

    reply = app.answer(Request("POST", "/invocations", "", {"content-type": kind}, body))

    assert (reply.status, reply.body) == (200, b'{"predictions":[]}')


def adding():
    """A Keras model that adds two inputs."""
    import keras

    inputs = [keras.Input((3,), name="a"), keras.Input((3,), name="b")]
    return keras.Model(inputs, keras.layers.Add()(inputs))


@pytest.mark.parametrize(("a", "b"), [(1, 3), (3, 1), (2, 3), (0, 1), (3, 0)])
def test_inputs_with_different_numbers_of_rows_are_refused_as_by_keras(a, b, tmp_path):
    from keramos.pipeline.load import load

    keras_model = adding()
    keras_model.save(tmp_path / "m.keras")
    model = load(tmp_path / "m.keras")
    given = {"a": np.ones((a, 3), "float32"), "b": np.ones((b, 3), "float32")}

    with pytest.raises(ValueError, match=r"cardinality|same number|sizes"):
        keras_model.predict(list(given.values()), verbose=0)
    for ask in (
        lambda: model.predict(given),
        lambda: model.predict(list(given.values())),
        lambda: as_feeds(model, given, 100),
    ):
        with pytest.raises(MismatchError, match="different numbers of rows; received 'a' "):
            ask()
    registry = ModelRegistry()
    registry.add("M", 1, model)
    app = App(Context(registry, max_rows=10), ROUTES, Access())
    lists = {name: array.tolist() for name, array in given.items()}
    tensors = [
        {"name": n, "shape": array.shape, "datatype": "FP32", "data": array.ravel().tolist()}
        for n, array in given.items()
    ]
    for path, body in (
        ("/v1/models/M:predict", {"inputs": lists}),
        ("/v2/models/M/infer", {"inputs": tensors}),
        ("/models/M/invocations", {"inputs": lists}),
    ):
        headers = {"content-type": "application/json"}
        reply = app.answer(Request("POST", path, "", headers, json.dumps(body).encode()))
        assert reply.status == 400, path
        assert "different numbers of rows" in reply.body.decode()
