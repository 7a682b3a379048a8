"""Limits: documented with their numbers, raised by an argument, and nothing but errors of keramos
comes out.
"""

import re
from dataclasses import fields
from pathlib import Path

import pytest

import keramos
from hostile.honest import dense, h5, layer, sequential
from keramos.errors import LimitExceededError, UsageError
from keramos.types.limits import LIMITS, Limits, limits_of
from support.command import keramos as command

PAGE = Path(__file__).parents[2] / "docs" / "security.md"


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes(h5())
    return path


def test_the_page_lists_every_limit_with_its_value():
    limits = PAGE.read_text().partition("## Licences")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| ([\w,]+) \|", limits, re.MULTILINE))
    actual = {
        field.name: str(field.default).lower()
        if isinstance(field.default, bool)
        else f"{field.default:,}"
        for field in fields(Limits)
    }

    assert listed == actual


def test_limits_are_read_from_text():
    found = limits_of(["weight_bytes=8_000_000_000", "nonfinite=true"])

    assert (found.weight_bytes, found.nonfinite, found.layers) == (
        8_000_000_000,
        True,
        LIMITS.layers,
    )


@pytest.mark.parametrize(
    "text",
    ["", "x=1", "layers", "layers=", "layers=-1", "layers=1e9", "layers=true", "nonfinite=1"],
)
def test_a_limit_that_is_none_is_wrong_usage(text):
    with pytest.raises(UsageError):
        limits_of([text])


COMMANDS = {
    "inspect": ["inspect", "MODEL"],
    "verify": ["verify", "MODEL"],
    "convert": ["convert", "MODEL", "OTHER.keras"],
    "predict": ["predict", "MODEL", "TABLE"],
    "score": ["score", "MODEL", "TABLE", "-o", "OTHER.csv"],
    "report": ["report", "MODEL", "--json"],
    "serve": ["serve", "MODEL", "--port", "0"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_opens_a_model_takes_limits(name, model, tmp_path):
    (tmp_path / "table.csv").write_text("a\n1\n")
    words = {"MODEL": str(model), "TABLE": str(tmp_path / "table.csv")}
    given = [
        words.get(word, word.replace("OTHER", str(tmp_path / "other"))) for word in COMMANDS[name]
    ]
    done = command(*given, "--limit", "weight_bytes=10")

    assert done.returncode == 1
    assert "all weights together, 10 bytes" in done.stdout + done.stderr


def test_a_limit_of_no_name_is_wrong_usage(model):
    done = command("inspect", str(model), "--limit", "x=1")

    assert done.returncode == 2
    assert "option 'x': the limit does not exist" in done.stderr


def test_converting_keeps_the_limits_and_raises_them(tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes(h5(sequential(layer("RepeatVector", "r", n=1000), shape=(None, 4)), {}))

    with pytest.raises(LimitExceededError, match="row_values"):
        keramos.convert(path, tmp_path / "o.keras", limits=Limits(row_values=100))
    assert (
        keramos.convert(path, tmp_path / "o.keras", limits=Limits(row_values=4000)).difference == 0
    )


def test_what_is_made_beside_the_weights_is_raised_too(tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes(
        h5(sequential(layer("Resizing", "r", height=40, width=40), shape=(None, 20, 20, 1)), {})
    )

    with pytest.raises(LimitExceededError, match="made_values"):
        keramos.load(path, limits=Limits(made_values=100))
    assert keramos.load(path).outputs[0].shape == (None, 40, 40, 1)


RELU = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}


def test_a_graph_of_many_operations_is_refused_and_raised(tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes(
        h5(
            sequential(dense(units=4), layer("ReLU", "a", **RELU), layer("ReLU", "b", **RELU)),
            {"dense": {"kernel:0": [4, 4], "bias:0": [4]}},
        )
    )

    with pytest.raises(LimitExceededError, match="graph_nodes"):
        keramos.load(path, limits=Limits(graph_nodes=3))
    assert keramos.load(path)
