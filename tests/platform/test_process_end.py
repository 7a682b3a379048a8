"""How a process that used keramos ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

SKIPS = "from keramos.platform.process_end import skip_needless_search as skips\n"
UNCLOSED = """
class Log:
    file = open(sys.argv[1], "w")
"""
CYCLE = """
class Last:
    def __del__(self):
        print("ended")
last = Last()
last.itself = last
"""


def run(program, *arguments):
    begin = "import sys, keramos\nkeramos.load\n"  # what is loaded says how the process ends
    done = subprocess.run(
        [sys.executable, "-c", begin + program, *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    return done.stdout


def test_a_file_that_a_class_holds_is_written_when_a_process_ends(tmp_path):
    path = tmp_path / "log.txt"
    run(f"{UNCLOSED}\nLog.file.write('a line')", path)
    assert path.read_text() == "a line"


def test_a_file_that_is_opened_in_place_of_standard_output_is_written(tmp_path):
    path = tmp_path / "log.txt"
    run(f"{UNCLOSED}\nsys.stdout.close(); sys.stdout = Log.file\nprint('a line')", path)
    assert path.read_text() == "a line\n"


def test_a_finalizer_in_a_cycle_runs_when_a_process_ends():
    assert run(CYCLE) == "ended\n"


@pytest.mark.parametrize(
    ("program", "skipped"),
    [
        ("", True),
        ("class Plain: pass\nplain = Plain(); plain.itself = plain\n", True),
        (CYCLE + "last.__class__.__del__ = lambda self: None\n", False),
        ("steps = (step for step in range(3)); next(steps)\n", False),
        ("import pyarrow\n", False),
    ],
    ids=["nothing", "a cycle", "a finalizer", "a generator that waits", "another library"],
)
def test_the_search_for_garbage_is_skipped_where_nothing_needs_it(program, skipped):
    assert run(f"{program}{SKIPS}print(skips())") == f"{skipped}\n"
