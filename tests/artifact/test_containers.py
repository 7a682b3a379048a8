"""Each form of ``containers.table.FORMS`` keeps the promises of ``ContainerSuite``."""

import json
import re
import zipfile
from pathlib import Path

import h5py

from keramos.artifact.containers import table
from keramos.artifact.write import write
from support.container_suite import ContainerSuite, network


class TestHdf5(ContainerSuite):
    kind, by_groups = "hdf5", True

    def write(self, folder):
        write(folder / "m.h5", network(), None)
        return folder / "m.h5", None


class TestKerasArchive(ContainerSuite):
    kind, by_groups = "zip", False

    def write(self, folder):
        write(folder / "m.keras", network(), None)
        return folder / "m.keras", None


class TestArchitectureWithLegacyWeights(ContainerSuite):
    """``model.to_json()`` and ``model.save_weights("w.h5")`` of Keras 1 and 2."""

    kind, by_groups = "json", True

    def write(self, folder):
        write(folder / "whole.h5", network(), None)
        with h5py.File(folder / "whole.h5") as whole, h5py.File(folder / "w.h5", "w") as weights:
            (folder / "m.json").write_text(whole.attrs["model_config"])
            groups = whole["model_weights"]
            weights.attrs.update(groups.attrs)
            for name in network().layers:
                groups.copy(name, weights)
        (folder / "whole.h5").unlink()
        return folder / "m.json", folder / "w.h5"


class TestArchitectureWithKeras3Weights(ContainerSuite):
    """``model.to_json()`` and ``model.save_weights("m.weights.h5")`` of Keras 3."""

    kind, by_groups = "json", False

    def write(self, folder):
        write(folder / "whole.keras", network(), None)
        with zipfile.ZipFile(folder / "whole.keras") as archive:
            config = json.loads(archive.read("config.json"))
            (folder / "m.json").write_text(json.dumps({**config, "keras_version": "3.15.1"}))
            (folder / "m.weights.h5").write_bytes(archive.read("model.weights.h5"))
        (folder / "whole.keras").unlink()
        return folder / "m.json", folder / "m.weights.h5"


DESCRIBED = {"tflite"}
"""Forms that ``inspect`` describes and nothing runs: test_tflite.py has their promises."""


def test_every_form_is_in_a_suite_and_no_two_are_called_the_same():
    tests = (path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    suites = {
        kind for text in tests for kind in re.findall(r'_?kind(?:, by_groups)? = "(\w+)"', text)
    }
    kinds = [form.kind for form in table.FORMS]
    stored = [form.stored_as for form in table.FORMS if form.stored_as]

    assert set(kinds) - DESCRIBED <= suites
    assert len(kinds) == len(set(kinds))
    assert len(stored) == len(set(stored))
