"""The views in a terminal: wide, narrow and piped, with and without colours, and whatever names a
file holds.
"""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keramos.datasets import GERMAN_CREDIT
from keramos.report import chart
from keramos.report.layout import Column, pairs, table, wrapped
from keramos.report.screen import Screen, cells, screen_of
from support.command import keramos

PLAIN = "keras-2.2.4-tensorflow/resnet_block.hdf5"
STYLE = re.compile(r"\x1b\[[0-9]*m")
EVIL = "\x1b]0;owned\x07\x1b[2J\u202e"
WIDTHS = [60, 80, 140]


def in_window(width, *args, **environment):
    """What the real command writes into a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    command = [str(Path(sys.executable).with_name("keramos")), *map(str, args)]
    env = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
    env |= {"TERM": "xterm", "PYTHONIOENCODING": "utf-8", **environment}
    running = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=env
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # the last writer has closed it
            break
        if not part:
            break
        written += part
    os.close(ours)
    assert running.wait() == 0, written
    return written.decode(env["PYTHONIOENCODING"]).replace("\r\n", "\n")


def fits(text, width):
    """Every line is at most so wide, and nothing but styles steers the terminal."""
    bare = STYLE.sub("", text)
    assert [line for line in bare.split("\n") if cells(line) > width] == []
    assert [c for c in bare if c != "\n" and not c.isprintable()] == []
    return bare


@pytest.fixture(scope="module")
def model(credit_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("terminal") / "model.h5"
    credit_run.save(path)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model whose classes and categories hold sequences that would steer a terminal, and what
    train said of it.
    """
    import csv

    folder = tmp_path_factory.mktemp("steering")
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "word", "answer"])
        writer.writerows(
            [i * 0.37 % 7, EVIL if i % 2 else "宽字", f"{EVIL}yes" if i * 0.37 % 7 > 3 else "no"]
            for i in range(60)
        )
    path = folder / "model.h5"
    text = in_window(
        60, "train", folder / "table.csv", "--target", "answer", "-o", path, "--epochs", "2"
    )
    return path, text


@pytest.mark.parametrize("width", WIDTHS)
def test_inspect_shows_every_view_of_a_trained_file_at_any_width(width, model):
    text = fits(in_window(width, "inspect", model), width)

    titles = [
        "The file",
        "Data flow",
        "Training trace",
        "Quality",
        "Columns",
        "Architecture",
        "Where it comes from",
    ]
    assert [line for line in text.split("\n") if line in titles] == titles
    for words in (
        "duration_months",
        "credit_history_one_hot",
        "StringLookup",
        "95 % interval",
        "truth \\ decision",
        "intact",
    ):
        assert words in text
    assert re.search(r"duration_months +number +[▁▂▃▄▅▆▇█ ]{8}", text)


@pytest.mark.parametrize("width", WIDTHS)
def test_inspect_shows_a_plain_file_at_any_width_and_loses_no_layer(width, shared):
    text = fits(in_window(width, "inspect", shared / "museum" / PLAIN), width)

    for words in (
        "global_average_pooling2d_1",
        "GlobalAveragePooling2D",
        "3 x 3 x 4 x 4, 4",
        "What this file does not",
    ):
        assert words in text


@pytest.mark.parametrize("width", WIDTHS)
def test_a_prediction_trace_shows_layers_and_what_moved_the_answer_at_any_width(
    width, model, tmp_path
):
    out = tmp_path / "out.csv"
    text = fits(in_window(width, "predict", model, GERMAN_CREDIT, "--trace", "2", "-o", out), width)

    assert text.count("1. load saved model") == text.count("What moved the answer") == 2
    assert re.search(r"hidden_1 +Dense +64 +[▁▂▃▄▅▆▇█]{12}", text)
    assert "│" in text
    assert "┃" in text


def test_train_shows_the_same_views_in_a_narrow_window(trained):
    text = trained[1]

    views = fits(text[text.index("Data flow") :], 60)
    for words in ("1. Data collection", "Training trace", "Quality", "The file"):
        assert words in views


def test_a_window_has_colours_unless_they_are_unwanted(model):
    assert STYLE.search(in_window(100, "inspect", model))
    assert not STYLE.search(in_window(100, "inspect", model, NO_COLOR="1"))
    assert not STYLE.search(in_window(100, "inspect", model, TERM="dumb"))


def test_piped_text_has_no_colours_and_keeps_each_row_on_one_line(model, shared):
    for file, row in (
        (model, r"(?m)^employed_since +string category .*unemployed$"),
        (shared / "museum" / PLAIN, ""),
    ):
        done = keramos("inspect", file, COLUMNS="40", TERM="xterm")
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout
        assert re.search(row, done.stdout)
    assert re.search(
        r"(?m)^global_average_pooling2d_1 +GlobalAveragePooling2D +\? x 8$", done.stdout
    )


def test_bars_are_ascii_where_the_encoding_has_no_others(model, tmp_path):
    seen = in_window(80, "inspect", model, PYTHONIOENCODING="ascii")
    traced = in_window(
        80,
        "predict",
        model,
        GERMAN_CREDIT,
        "--trace",
        "1",
        "-o",
        tmp_path / "o.csv",
        PYTHONIOENCODING="latin-1",
    )

    assert seen.isascii()
    assert re.search(r"duration_months +number +[_.:=+*#-]{8}", seen)
    assert traced.isascii() or "µ" in traced
    assert "|###" in traced


@pytest.mark.parametrize("width", [60, 140])
def test_names_in_a_file_never_steer_the_terminal(width, trained):
    text = fits(in_window(width, "inspect", trained[0]), width)

    assert r"\x1b]0;owned\x07\x1b[2J\u202e" in text.replace("\n", "").replace(" ", "")
    assert "宽字" in text


def test_names_in_a_refusal_and_in_what_train_says_never_steer_the_terminal(trained, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text(f"number,word\n{EVIL},word\n", encoding="utf-8")

    done = keramos("predict", trained[0], table)

    assert done.returncode == 1
    assert r"\x1b]0;owned" in done.stderr
    assert "\x1b" not in done.stderr
    assert "\x1b]0" not in trained[1]


def _without_spaces(text):
    """A line that is broken at a space loses the space, of either kind."""
    return text.replace(" ", "").replace("\xa0", "")


@given(st.text(), st.integers(2, 40))
def test_wrapping_keeps_every_character_and_the_width(text, width):
    clean = Screen().clean(text)
    lines = wrapped(clean, width)

    assert all(cells(line) <= width for line in lines)
    assert _without_spaces("".join(lines)) == _without_spaces(clean)


TEXTS = st.text(max_size=30)


@given(
    st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=4),
    st.integers(30, 90),
    st.booleans(),
)
@example(rows=[("0\xa0\U00018cd6\U00018cd6\U0002fa1e", "", "")], width=40, wraps=False)
@example(rows=[("0\xa0\U00018cd6\U00018cd6\U0002fa1e", "", "")], width=40, wraps=True)
def test_a_table_fits_any_window_and_loses_nothing(rows, width, wraps):
    screen = Screen(width, piped=False)
    columns = (Column("name"), Column("number", right=True), Column("words", wraps=wraps))

    lines = table(screen, columns, rows)

    together = _without_spaces("".join(lines))
    assert all(cells(line) <= width for line in lines)
    assert all(_without_spaces(screen.clean(row[0])) in together for row in rows)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), st.integers(30, 90))
def test_pairs_fit_any_window(items, width):
    assert all(cells(line) <= width for line in pairs(Screen(width, piped=False), items, "   "))


@given(st.lists(st.floats(0, 1e6)), st.integers(1, 40))
def test_a_spark_line_has_one_mark_a_bar_and_never_more_than_fit(values, width):
    assert len(chart.spark(values, width)) == min(len(values), width)


@pytest.mark.parametrize("steps", [2, 10, 99, 100, 1000])
def test_curves_of_any_length_fit_the_window(steps):
    points = [1 / (step + 1) for step in range(steps)]

    drawn = chart.lines([("training", points), ("held-out", points[::-1])], 60)

    assert max(map(len, drawn)) <= 60
    assert drawn[-1].split()[0] == "1"


def test_a_stream_that_says_no_encoding_is_taken_as_ascii():
    assert screen_of(io.StringIO()).encoding == "ascii"
    assert not screen_of(io.StringIO()).draws
