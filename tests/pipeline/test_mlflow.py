"""A real MLflow tracking store on disk logs, loads and runs keramos models."""

import os
import sys

import numpy as np
import pandas as pd
import pytest

import keramos
from keramos.artifact.write import write
from keramos.datasets import GERMAN_CREDIT
from keramos.errors import UsageError
from support.sklearn_pickles import dense_network

mlflow = pytest.importorskip("mlflow")
pytestmark = [pytest.mark.system, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A tracking store of files."""
    folder = tmp_path_factory.mktemp("store")
    before = os.environ.get("MLFLOW_ALLOW_FILE_STORE")
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    mlflow.set_tracking_uri(folder.as_uri())
    mlflow.set_experiment("credit")
    yield folder
    mlflow.set_tracking_uri(None)
    os.environ.pop("MLFLOW_ALLOW_FILE_STORE")
    if before is not None:
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = before


@pytest.fixture(scope="module")
def run():
    return keramos.train(GERMAN_CREDIT, "risk", recipe="tutorial", epochs=3)


@pytest.fixture(scope="module")
def path(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "credit.h5"
    run.save(path)
    return path


@pytest.fixture(scope="module")
def info(store, path):
    import keramos.mlflow

    with mlflow.start_run():
        return keramos.mlflow.log_model(path)


@pytest.fixture(scope="module")
def frame():
    return pd.read_csv(GERMAN_CREDIT).drop(columns="risk").head(5)


def test_a_logged_file_loads_as_it_was_and_by_pyfunc(info, path, frame):
    import keramos.mlflow

    loaded = keramos.mlflow.load_model(info.model_uri)
    assert loaded.decide(frame) == keramos.load(path).decide(frame)
    answers = mlflow.pyfunc.load_model(info.model_uri).predict(frame)
    assert answers["label"].tolist() == [one.label for one in loaded.decide(frame)]


def test_the_signature_is_the_schema_and_the_example_the_sample_row(info, path):
    names = [column.name for column in keramos.load(path).content.schema.columns]
    assert [column.name for column in info.signature.inputs] == names
    assert all(column.required for column in info.signature.inputs)
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    assert loaded.input_example is not None or loaded.metadata.saved_input_example_info
    assert len(loaded.predict(loaded.input_example)) == 1


def test_bad_rows_are_refused_or_skipped_as_asked(info, frame):
    odd = frame.assign(age=[30, -(2.0**127), 31, 32, 33])
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    with pytest.raises(Exception, match="column 'age'"):
        loaded.predict(odd)
    found = loaded.predict(odd, params={"on_error": "skip", "warnings": False})
    assert found.index.tolist() == [0, 2, 3, 4]
    assert "warnings" not in found.columns


def test_a_missing_column_is_refused_by_the_signature(info, frame):
    with pytest.raises(Exception, match="housing"):
        mlflow.pyfunc.load_model(info.model_uri).predict(frame.drop(columns="housing"))


def test_a_plain_keras_file_takes_and_gives_arrays(store, tmp_path):
    import keramos.mlflow

    write(tmp_path / "plain.keras", dense_network(2), None)
    x = np.ones((3, 2), "float32")
    with mlflow.start_run():
        info = keramos.mlflow.log_model(tmp_path / "plain.keras", name="plain")
    found = mlflow.pyfunc.load_model(info.model_uri).predict(x)
    assert np.array_equal(found, keramos.load(tmp_path / "plain.keras").predict(x))


def test_a_training_is_logged_by_epochs_with_its_model(store, run):
    with mlflow.start_run() as active:
        keramos.train(GERMAN_CREDIT, "risk", recipe="tutorial", epochs=3, log="mlflow")
    client = mlflow.MlflowClient()
    history = client.get_metric_history(active.info.run_id, "held_out_loss")
    assert [one.value for one in history] == [
        pytest.approx(one.held_out_loss) for one in run.content.trace.epochs
    ]
    found = client.get_run(active.info.run_id).data
    assert found.params["recipe"] == "tutorial"
    assert found.metrics["held_out_auc"] == pytest.approx(
        next(one.value for one in run.content.metrics if one.name == "auc")
    )


def test_other_logged_models_and_folders_are_refused(store, tmp_path):
    import keramos.mlflow

    (tmp_path / "MLmodel").write_text("flavors: {sklearn: {data: model.pkl}}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no flavour of keramos"):
        keramos.mlflow.load_model(str(tmp_path))
    with pytest.raises(UsageError, match="keramos convert"):
        keramos.mlflow.save_model(tmp_path / "new", tmp_path)


def test_keramos_itself_does_not_import_mlflow():
    import subprocess

    line = "import keramos, sys; keramos.load; keramos.train; print('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
