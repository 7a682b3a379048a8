"""The option --replace in every command that runs a model file."""

import keras
import pytest

from support.command import keramos

COMMANDS = {
    "convert": ["{model}", "{folder}/new.onnx"],
    "inspect": ["{model}"],
    "predict": ["{model}", "{folder}/rows.csv"],
    "report": ["{model}", "-o", "{folder}/page.html", "--force"],
    "score": ["{model}", "{folder}/rows.csv", "-o", "{folder}/out.csv", "--columns", "a,b,c,d"],
    "serve": ["{model}", "--port", "0"],
    "store publish": ["{model}", "{folder}/models", "--model", "m"],
    "verify": ["{model}"],
}
"""Command -> its arguments."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replace")
    x = keras.Input((4,), name="x")
    model = folder / "model.keras"
    keras.Model(x, keras.layers.Lambda(lambda v: v * 2, name="secret")(x)).save(model)
    (folder / "rows.csv").write_text("a,b,c,d\n1,2,3,4\n")
    return {"model": str(model), "folder": str(folder)}


def run(command, files, *options):
    return keramos(
        *command.split(), *(word.format(**files) for word in COMMANDS[command]), *options
    )


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"predict", "serve"}))
def test_a_command_runs_a_file_whose_code_is_said(command, files):
    done = run(command, files, "--replace", "secret=x * 2")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_no_layer_has_is_wrong_usage_in_every_command(command, files):
    done = run(command, files, "--replace", "secrt=x * 2")

    assert done.returncode in (1, 2)
    assert "layer 'secrt': replace= names a layer that does not exist" in done.stderr
    assert "'secret'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "words"),
    [
        *((command, ["secret"]) for command in COMMANDS),
        *(("convert", words) for words in (["=x"], ["secret="], ["secret=x", "secret=x"])),
    ],
)
def test_invalid_replacements_are_wrong_usage_in_every_command(command, words, files):
    done = run(command, files, *(part for word in words for part in ("--replace", word)))

    assert done.returncode == 2
    assert "--replace" in done.stderr


def test_an_expression_may_hold_an_equals_sign(files):
    done = run("convert", files, "--replace", "secret=sum(x, axis=1, keepdims=True)")

    assert done.returncode == 0, done.stderr


def test_a_version_before_is_published_again_with_its_replacement(files):
    given = ("--replace", "secret=x * 2")
    for _ in range(2):
        assert run("store publish", files, *given).returncode == 0
    words = ("store", "rollback", f"{files['folder']}/models", "--model", "m")

    refused, done = keramos(*words), keramos(*words, *given)

    assert "--replace" in refused.stderr
    assert done.returncode == 0, done.stderr
