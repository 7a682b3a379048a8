"""Every command with what a path may name by mistake: one message, no traceback, no
success without a word, and nothing lost.
"""

import json
import os
import shutil

import pytest

from support.command import keramos
from support.served_models import folder as models
from support.served_models import mixed_model

ROW = "1.5,2,north,1,true,1971-03-11"
HEADER = "size,rooms,place,floor,lift,built"
NO_PORTS = ["--port", "0", "--grpc-port", "none", "--oip-grpc-port", "none"]
COMMANDS = {
    "train": ["train", "TABLE", "--target", "size", "-o", "o.h5"],
    "adopt": ["adopt", "MODEL", "-o", "o.keras", "--yes"],
    "adopt, companion": ["adopt", "m.h5", "FILE", "-o", "o.keras", "--yes"],
    "adopt, recipe": ["adopt", "m.h5", "--recipe", "FILE", "-o", "o.keras", "--yes"],
    "predict": ["predict", "m.h5", "TABLE"],
    "predict, model": ["predict", "MODEL", "t.csv"],
    "predict, key": ["predict", "m.h5", "t.csv", "--require-signature", "FILE"],
    "inspect": ["inspect", "MODEL"],
    "inspect, JSON": ["inspect", "MODEL", "--json"],
    "inspect, weights": ["inspect", "a.json", "--weights", "MODEL"],
    "verify": ["verify", "MODEL"],
    "verify, key": ["verify", "m.h5", "--key", "FILE"],
    "convert": ["convert", "MODEL", "o.keras"],
    "serve, keys": ["serve", "m.h5", *NO_PORTS, "--api-keys-file", "FILE"],
    "serve, TLS": ["serve", "m.h5", *NO_PORTS, "--tls-cert", "FILE", "--tls-key", "FILE"],
    "score": ["score", "m.h5", "TABLE", "-o", "o.csv"],
    "score, model": ["score", "MODEL", "t.csv", "-o", "o.csv"],
    "report": ["report", "MODEL", "-o", "o.html"],
    "sign": ["sign", "MODEL", "--key", "k.pem"],
    "sign, key": ["sign", "m.h5", "--key", "FILE"],
    "compare": ["compare", "m.h5", "MODEL", "t.csv"],
    "compare, table": ["compare", "m.h5", "m.h5", "TABLE"],
    "store publish": ["store", "publish", "MODEL", "store", "--model", "a"],
    "store label": ["store", "label", "MODEL", "b", "--model", "a", "--version", "1"],
    "store rollback": ["store", "rollback", "MODEL", "--model", "a"],
    "store prune": ["store", "prune", "MODEL", "--model", "a", "--keep", "1"],
}
MISTAKES = ("absent", "empty", "a pipe")
SUFFIXES = {"TABLE": ".csv", "MODEL": ".h5", "FILE": ""}


@pytest.fixture
def place(tmp_path):
    """A folder with what is right, and with what a path may name by mistake."""
    mixed_model()
    shutil.copy(models() / "mixed.h5", tmp_path / "m.h5")
    (tmp_path / "t.csv").write_text(f"{HEADER}\n{ROW}\n")
    (tmp_path / "a.json").write_text(json.dumps({"class_name": "Sequential", "config": []}))
    for suffix in SUFFIXES.values():
        (tmp_path / f"empty{suffix}").touch()
        os.mkfifo(tmp_path / f"a pipe{suffix}")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_path_is_one_message(command, place):
    words, before = COMMANDS[command], {path.name for path in place.iterdir()}
    slot = next(word for word in words if word in SUFFIXES)
    for mistake in MISTAKES:
        given = f"{mistake}{SUFFIXES[slot]}"
        done = keramos(*[given if word == slot else word for word in words], cwd=place)

        said = done.stderr + done.stdout
        assert done.returncode in {1, 2}, (given, said)
        assert 1 <= len(said.strip().splitlines()) <= 5, (given, said)
        assert "Traceback" not in said, given
        assert "fault of keramos" not in said, given
        assert before <= {path.name for path in place.iterdir()}, given


@pytest.mark.parametrize("command", ["train", "predict", "serve, keys", "store publish"])
def test_an_unknown_option_is_wrong_usage(command, place):
    done = keramos(*COMMANDS[command], "--no-such-option", cwd=place)
    assert done.returncode == 2
    assert "No such option" in done.stderr
