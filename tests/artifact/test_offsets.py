"""What a file is must not depend on where its parts happen to lie."""

import json
import zipfile

import keras
import numpy as np
import pytest

import keramos


@pytest.mark.parametrize("offset", [2048, 4096, 8192])
def test_an_archive_stays_one_wherever_its_weights_begin(offset, tmp_path):
    x = keras.Input((3,), name="x")
    model = keras.Model(x, keras.layers.Dense(1, name="d")(x))
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    header = 30  # bytes of a local header before the name of a part
    first = len(parts["metadata.json"]) + len("metadata.json") + header
    rest = len("config.json") + len("model.weights.h5") + 2 * header
    text = json.dumps({**config, "compile_config": {}, "build_config": {}}, separators=(",", ":"))
    room = offset - first - rest
    assert len(text) <= room
    with zipfile.ZipFile(tmp_path / "moved.keras", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", parts["metadata.json"])
        archive.writestr("config.json", text.ljust(room))
        archive.writestr("model.weights.h5", parts["model.weights.h5"])
    assert (tmp_path / "moved.keras").read_bytes().startswith(b"\x89HDF", offset)

    answers = keramos.load(tmp_path / "moved.keras").predict(np.ones((1, 3), "float32"))

    np.testing.assert_allclose(answers, model(np.ones((1, 3), "float32")), rtol=1e-6)
