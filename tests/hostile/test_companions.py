"""Hostile files beside a model, in processes of their own and over the command line: nothing in
them runs, and each costs little and one line.
"""

import json
import shutil

import pytest

from hostile.generate_companions import WORDS_OF_BAG, cases
from hostile.runner import BYTES, SECONDS, opened
from keramos.artifact.write import write
from keramos.datasets import POTS
from support.command import keramos
from support.raw_models import TOKENIZER, bag_network, series_network, text_network

CASES = {f"{case.file}: {case.name}": case for case in cases()}
FAMILIES = {
    "intents.json": "bag",
    "labels.txt": "picture",
    "class_names.json": "picture",
    "recipe.toml": "series",
}
"""File -> the model that it lies beside; others lie beside a model of texts."""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """By family a folder with a model and an honest companion."""
    place = tmp_path_factory.mktemp("models")
    made = {"text": text_network, "bag": bag_network, "series": series_network}
    for name, network in made.items():
        (place / name).mkdir()
        write(place / name / "model.keras", network(), None)
    (place / "text" / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    (place / "bag" / "words.pkl").write_bytes(WORDS_OF_BAG)
    (place / "picture").mkdir()
    shutil.copy(POTS / "keras_model.h5", place / "picture" / "model.h5")
    return place


@pytest.fixture(scope="module")
def outcomes(models, tmp_path_factory):
    root, folders = tmp_path_factory.mktemp("hostile"), []
    for number, case in enumerate(CASES.values()):
        folder = root / str(number)
        shutil.copytree(models / FAMILIES.get(case.file, "text"), folder)
        (folder / case.file).write_bytes(case.make())
        folders.append(folder)
    return dict(zip(CASES, opened(folders, "adopt"), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_companion_costs_little_and_one_line(name, outcomes):
    found = outcomes[name]

    assert found.kind in CASES[name].expected, (found.kind, found.message)
    assert found.acts == ()
    assert found.seconds < SECONDS
    assert found.bytes < BYTES
    assert "\n" not in found.message
    assert "\x1b" not in found.message
    assert len(found.message) < 2000


COMMANDS = [
    "scaler.pkl: code 0",
    "scaler.joblib: bomb of zlib",
    "tokenizer.json: deep text",
    "class_names.json: long list",
    "labels.txt: ten million labels",
    "classes.npy: objects with code",
    "recipe.toml: deep arrays",
]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_refuses_a_hostile_companion_in_one_line(name, models, tmp_path):
    case = CASES[name]
    source = models / FAMILIES.get(case.file, "text")
    path = tmp_path / case.file
    path.write_bytes(case.make())
    given = ["--recipe", path] if path.suffix == ".toml" else [path]
    model = next(source.glob("model.*"))
    done = keramos("adopt", model, *given, "-o", tmp_path / "out.keras", "--yes")

    assert done.returncode in {1, 2}, done.stdout
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert case.file in done.stderr
    assert not (tmp_path / "out.keras").exists()
