"""Every command takes every form: a table of forms by commands, on one trained model."""

import json
import shutil
from urllib.request import Request, urlopen

import numpy as np
import pytest
from click.testing import CliRunner

import keramos
from keramos.cli.group import keramos as command
from keramos.errors import ModelError, UnsupportedModelError, UsageError
from keramos.signing.signing import new_key, sign
from keramos.store.store import Store
from support.trained import three_numbers

pytestmark = pytest.mark.oracle

ROWS = [{"x0": 0.1, "x1": 0.9, "x2": 0.4}, {"x0": 0.9, "x1": 0.8, "x2": 0.7}]
CSV = "x0,x1,x2\n0.1,0.9,0.4\n0.9,0.8,0.7\n"
QUIET = {"port": 0, "grpc_port": "none", "oip_grpc_port": "none"}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    three_numbers(folder)
    return folder / "m.h5"


def saved_model(source, folder):
    (folder / "churn").mkdir()
    keramos.convert(source, folder / "churn" / "1")
    return folder / "churn" / "1"


def layers_model(source, folder):
    keramos.convert(source, folder / "churn", to="tfjs")
    return folder / "churn"


def named_file(source, folder):
    return layers_model(source, folder) / "model.json"


def zipped(source, folder):
    inner = layers_model(source, folder)
    return shutil.move(shutil.make_archive(str(folder / "m"), "zip", inner), folder / "churn.zip")


def packed(source, folder):
    inner = saved_model(source, folder)
    shutil.make_archive(str(folder / "m"), "gztar", inner.parent, "1")
    return shutil.move(folder / "m.tar.gz", folder / "churn.tgz")


FORMS = [saved_model, layers_model, named_file, zipped, packed]


@pytest.fixture(params=FORMS, ids=lambda form: form.__name__)
def model(request, source, tmp_path):
    folder = tmp_path / "written"
    folder.mkdir()
    return request.param(source, folder)


def run(*args):
    done = CliRunner().invoke(command, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_inspect_and_verify(model):
    found = json.loads(run("inspect", model, "--json"))
    assert [one["name"] for one in found["outputs"]]
    assert all(check["passed"] for check in json.loads(run("verify", model, "--json")))


def test_convert_gives_the_same_answers(model, source, tmp_path):
    for target in ("m.onnx", "again"):
        run("convert", model, tmp_path / target)
    again = keramos.load(tmp_path / "again")
    assert again.decide(ROWS) == keramos.load(source).decide(ROWS)


def test_sign(model, tmp_path):
    if model.name == "model.json":
        pytest.skip("a signature covers the folder of such a file")
    pytest.importorskip("model_signing", reason="needs the extra: pip install 'keramos[sign]'")
    run("sign", "--new-key", tmp_path / "key")
    run("sign", model, "--key", tmp_path / "key.pem")
    run("verify", model, "--key", tmp_path / "key.pub.pem")


def test_store_and_serve(model, source, tmp_path):
    if model.name == "model.json":
        pytest.skip("a store holds the folder of such a file")
    (tmp_path / "store").mkdir()
    run("store", "publish", model, tmp_path / "store", "--model", "churn")
    np.testing.assert_allclose(answered(tmp_path / "store"), wanted(source), rtol=1e-5)


def test_a_file_of_several_is_published_and_signed_with_its_folder(source, tmp_path):
    folder = tmp_path / "written"
    folder.mkdir()
    (tmp_path / "store").mkdir()
    file = named_file(source, folder)
    with pytest.raises(UnsupportedModelError, match="Publish the folder"):
        Store(tmp_path / "store").publish(file, "m")
    pytest.importorskip("model_signing", reason="needs the extra: pip install 'keramos[sign]'")
    private, _ = new_key(tmp_path / "key")
    with pytest.raises(UsageError, match="Sign the folder"):
        sign(file, key=private)


def test_a_folder_that_tensorflow_serving_serves_answers_the_same_requests(source, tmp_path):
    import tensorflow as tf

    for version in ("1", "3"):
        (tmp_path / "models" / "churn").mkdir(parents=True, exist_ok=True)
        keramos.convert(source, tmp_path / "models" / "churn" / version)
    served = tf.saved_model.load(str(tmp_path / "models" / "churn" / "3"))
    inputs = np.array([list(row.values()) for row in ROWS], "f4")
    signature = served.signatures["serving_default"]
    (given,) = signature.structured_input_signature[1]
    (theirs,) = signature(**{given: tf.constant(inputs)}).values()
    for path in (tmp_path / "models", tmp_path / "models" / "churn"):
        np.testing.assert_allclose(answered(path), theirs.numpy(), rtol=1e-5)
    assert json.loads(run("store", "list", tmp_path / "models", "--json"))[0]["number"] in (1, 3)


def test_score_and_report(model, source, tmp_path):
    (tmp_path / "in.csv").write_text(CSV)
    for path, name in ((model, "out.csv"), (source, "wanted.csv")):
        run("score", path, tmp_path / "in.csv", "-o", tmp_path / name)
    assert (tmp_path / "out.csv").read_text() == (tmp_path / "wanted.csv").read_text()
    run("report", model, "-o", tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > 10_000


BY = {
    "inspect": lambda model, _: ("inspect", model),
    "verify": lambda model, _: ("verify", model),
    "convert": lambda model, to: ("convert", model, to / "m.onnx"),
    "predict": lambda model, to: ("predict", model, to / "in.csv"),
    "score": lambda model, to: ("score", model, to / "in.csv", "-o", to / "out.csv"),
    "store publish": lambda model, to: ("store", "publish", model, to / "store", "--model", "m"),
    "adopt": lambda model, to: ("adopt", model, "-o", to / "whole.keras"),
}


@pytest.mark.parametrize("name", BY)
def test_by_reaches_every_command(name, source, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "in.csv").write_text(CSV)
    args = BY[name](saved_model(source, tmp_path), tmp_path)

    done = CliRunner().invoke(command, [*map(str, args), "--by", "graph:other"])

    assert done.exit_code == 2, done.output
    assert "no such signature; there are serving_default" in done.output


def test_a_report_by_a_signature_that_is_there_is_that_of_the_graph(source, tmp_path):
    model = saved_model(source, tmp_path)
    assert json.loads(run("report", model, "--by", "graph:serving_default", "--json"))
    run("predict", model, _table(tmp_path), "--by", "graph")
    with pytest.raises(ModelError, match="no such signature"):
        keramos.serve(model, block=False, by="graph:other", **QUIET)
    with pytest.raises(UsageError, match="no such signature"):
        keramos.score(model, tmp_path / "in.csv", tmp_path / "out.csv", by="graph:other")


def _table(folder):
    (folder / "in.csv").write_text(CSV)
    return folder / "in.csv"


def wanted(source):
    return keramos.load(source).predict(np.array([list(row.values()) for row in ROWS], "f4"))


def answered(path, name="churn"):
    body = json.dumps({"instances": [list(row.values()) for row in ROWS]}).encode()
    with keramos.serve(path, block=False, **QUIET) as server:
        request = Request(f"{server.url}/v1/models/{name}:predict", body)  # noqa: S310
        with urlopen(request, timeout=10) as reply:  # noqa: S310 (our own server)
            return np.float32(json.load(reply)["predictions"])
