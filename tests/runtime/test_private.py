"""What a run leaves behind."""

import os
import subprocess
import sys

PROGRAM = """
import numpy as np, keramos
model = keramos.load({path!r})
print(model.predict(np.zeros((1, 10), "float32")).shape)
"""


def test_a_run_writes_nothing_into_the_home_folder(shared, tmp_path):
    path = shared / "museum" / "keras-2.2.4-tensorflow" / "mlp_tabular_trained.h5"
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"
    }

    result = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM.format(path=str(path))],
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert result.stdout == "(1, 1)\n"
    assert list(home.rglob("*")) == []
