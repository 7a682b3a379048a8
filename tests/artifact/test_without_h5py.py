"""h5py writes files; whoever only runs them installs keramos without it."""

import json
import subprocess
import sys

import pytest

RUN = """
import json, sys
sys.modules["h5py"] = None  # as if it were not installed
import keramos
from keramos.store.store import Store

path, folder = sys.argv[1:]
model = keramos.load(path)
row = dict(model.content.sample.raw)
decided = model.decide([row])[0]
done = keramos.convert(path, f"{folder}/model.onnx")
checks = keramos.verify(path)
published = Store(f"{folder}/store").publish(path, "credit")
try:
    keramos.convert(path, f"{folder}/again.keras")
except keramos.errors.MissingExtraError as error:
    refused = str(error)
print(json.dumps({
    "label": decided.label,
    "parameters": keramos.inspect(path).parameters,
    "onnx": done.size,
    "checks": all(check.passed for check in checks),
    "version": published.number,
    "refused": refused,
}))
"""


def test_everything_but_writing_a_keras_file_works_without_h5py(credit_file, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(credit_file), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["label"]
    assert found["parameters"] > 0
    assert found["onnx"] == (tmp_path / "model.onnx").stat().st_size
    assert found["checks"]
    assert found["version"] == 1
    assert found["refused"].endswith(
        "writing .h5 and .keras files needs h5py. Install it with: pip install 'keramos[write]'"
    )


@pytest.mark.parametrize("extra", ["train", "write"])
def test_the_extras_that_write_files_bring_h5py_and_the_base_does_not(extra):
    import tomllib
    from pathlib import Path

    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]

    assert not any(name.startswith("h5py") for name in project["dependencies"])
    assert any(name.startswith("h5py") for name in project["optional-dependencies"][extra])
