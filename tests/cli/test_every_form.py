"""Every command takes every form in which a model was saved, or says in one line why not."""

import json
import re
import shutil
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
from click.testing import CliRunner

import keramos
from keramos.cli.group import keramos as command
from keramos.store.store import Store
from support.container_suite import ROWS, answers
from support.every_form import ARCHITECTURE, GRAPHS, REFUSED, WHOLE, every_form

pytestmark = pytest.mark.oracle

CSV = "a,b\n1,2\n-3,0.5\n"
QUIET = {"port": 0, "grpc_port": "none", "oip_grpc_port": "none"}
TARGETS = {"keras": "t.keras", "h5": "t.h5", "onnx": "t.onnx", "tflite": "t.tflite",
           "saved_model": "t/1", "tfjs": "js"}  # fmt: skip
OF_FOLDERS = ("saved_model.pb", "model.json")
PAIRS = [(name, weights) for name, several in ARCHITECTURE.items() for weights in several]


@pytest.fixture(scope="module")
def forms():
    return every_form()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    pytest.importorskip("model_signing", reason="needs the extra: pip install 'keramos[sign]'")
    folder = tmp_path_factory.mktemp("keys")
    run("sign", "--new-key", folder / "key")
    return folder / "key.pem", folder / "key.pub.pem"


def run(*args, code=0):
    """What a command prints; it ends with a code, and never with a traceback."""
    done = CliRunner().invoke(command, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == code, (args, done.output)
    return done.output


def refused(*args):
    done = CliRunner().invoke(command, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code in (1, 2), done.output
    assert "Traceback" not in done.output
    return done.output


def same(found):
    np.testing.assert_allclose(found, answers(), rtol=1e-4, atol=1e-6)


def commands(path, to):
    """What a person does with a model, without its answers."""
    (to / "in.csv").write_text(CSV)
    (to / "store").mkdir()
    return {
        "inspect": ("inspect", path, "--json"),
        "verify": ("verify", path, "--json"),
        "predict": ("predict", path, to / "in.csv", "--columns", "a,b"),
        "score": ("score", path, to / "in.csv", "-o", to / "out.csv", "--columns", "a,b"),
        "report": ("report", path, "-o", to / "page.html"),
        "publish": ("store", "publish", path, to / "store", "--model", "m"),
        **{f"to {form}": ("convert", path, to / name, "--to", form)
           for form, name in TARGETS.items()},
    }  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_form_goes_through_every_command(name, forms, tmp_path):
    path, wanted = forms / name, commands(forms / "m.h5", tmp_path)
    run(*wanted["score"])
    scored = (tmp_path / "out.csv").read_text()
    (tmp_path / "store").rmdir()
    same(keramos.load(path).predict(ROWS))

    for verb, args in commands(path, tmp_path).items():
        if verb == "publish" and path.name == "model.json":
            assert "Publish the folder" in refused(*args)
        elif verb == "to tfjs" and name in GRAPHS:
            assert "a layers model holds no operations" in refused(*args)
        else:
            run(*args)

    assert len((tmp_path / "out.csv").read_text().splitlines()) == len(scored.splitlines())
    same(np.loadtxt(tmp_path / "out.csv", delimiter=",", skiprows=1)[:, -3:])
    for target in ("t.keras", "t.h5", "t/1", *([] if name in GRAPHS else ["js"])):
        same(keramos.load(tmp_path / target).predict(ROWS))
    for version in Store(tmp_path / "store").versions():
        same(keramos.load(version.file).predict(ROWS))


@pytest.mark.parametrize("name", WHOLE)
def test_what_needs_a_rule_or_a_recipe_says_so_of_each_form(name, forms, tmp_path):
    (tmp_path / "in.csv").write_text(CSV)

    told = refused("compare", forms / name, forms / "m.h5", tmp_path / "in.csv")
    assert "cannot be compared" in told
    told = refused("adopt", forms / name, "-o", tmp_path / "whole.keras")
    assert "takes 2 numbers a row" in told  # it was opened, and its inputs are known
    assert not (tmp_path / "whole.keras").exists()


@pytest.mark.parametrize("name", WHOLE)
def test_a_form_is_signed_and_verified(name, forms, keys, tmp_path):
    private, public = keys
    path = copied(forms / name, tmp_path)
    if path.name == "model.json":
        assert "Sign the folder" in refused("sign", path, "--key", private)
        return
    run("sign", path, "--key", private)
    run("verify", path, "--key", public)

    below = path.parent if path.name in OF_FOLDERS else path
    file = path if below.is_file() else next(one for one in below.rglob("*") if one.is_file())
    file.write_bytes(file.read_bytes() + b" ")
    assert "not the one that was signed" in run("verify", path, "--key", public, code=1)


def copied(path, to):
    """A copy of a model, with the files beside it where it is one file of several."""
    if path.name in OF_FOLDERS:
        shutil.copytree(path.parent, to / path.parent.name)
        return to / path.parent.name / path.name
    (shutil.copytree if path.is_dir() else shutil.copy)(path, to / path.name)
    return to / path.name


def test_a_server_answers_for_each_form(forms, tmp_path):
    """One folder of all forms, each under a name of its own."""
    names = [one for one in WHOLE if Path(one).name not in OF_FOLDERS]
    for number, name in enumerate(names):
        copy, (_, dot, ends) = copied(forms / name, tmp_path), Path(name).name.partition(".")
        copy.rename(tmp_path / f"model{number}{dot}{ends}")
    with keramos.serve(tmp_path, block=False, **QUIET) as server:
        for number in range(len(names)):
            same(asked(server, f"model{number}"))


@pytest.mark.parametrize("name", [one for one in WHOLE if Path(one).name in OF_FOLDERS])
def test_a_file_by_which_a_folder_is_meant_is_served_as_the_folder(name, forms):
    with keramos.serve(forms / name, block=False, **QUIET) as server:
        same(asked(server, Path(name).parent.name))


def asked(server, model):
    body = json.dumps({"instances": ROWS.tolist()}).encode()
    request = Request(f"{server.url}/v1/models/{model}:predict", body)  # noqa: S310 (our own)
    with urlopen(request, timeout=10) as reply:  # noqa: S310 (as above)
        return json.load(reply)["predictions"]


@pytest.mark.parametrize(("name", "weights"), PAIRS)
def test_an_architecture_becomes_every_form_with_its_weights(name, weights, forms, tmp_path):
    same(keramos.load(forms / name, weights=forms / weights).predict(ROWS))
    run("inspect", forms / name, "--weights", forms / weights)
    for form, target in TARGETS.items():
        run("convert", forms / name, tmp_path / target, "--to", form, "--weights", forms / weights)
    for target in ("t.keras", "t.h5", "t/1", "js"):
        same(keramos.load(tmp_path / target).predict(ROWS))


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_run_is_refused_with_its_reason(name, forms, tmp_path):
    for verb, args in commands(forms / name, tmp_path).items():
        if verb in {"inspect", "report"} and name != "nested.zip" and not name.endswith("json"):
            run(*args)  # its tensors are described
        else:
            assert re.search(REFUSED[name], refused(*args)), verb
    with pytest.raises(keramos.errors.KeramosError):
        keramos.serve(forms / name, block=False, **QUIET)
