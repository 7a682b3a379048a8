"""Text files are scored without Arrow as with it: the same bytes, refusals and counts."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.scoring.block_writers import shortest
from keramos.scoring.run import score
from support.built_once import built
from support.job_outcome import outcome
from support.trained import three_numbers

WITHOUT = "import sys; sys.modules['pyarrow'] = None; "
RUN = f"""{WITHOUT}
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
import json
from support.job_outcome import outcome
model, jobs = json.load(sys.stdin)
print(json.dumps([outcome(model, source, target) for source, target in jobs]))
"""

CELLS = [
    *("0.1", "abc", "", "NA", "1e400", "-0.0", "1,5", "٣", "NaN", "inf", "1e-7", "0x10", "1_000"),
    *(" 0.5 ", "+1", ".5", "5.", '"q"', "99999999999999999999", "\u22125", "0.1\t", "None", "true"),
]
ODD_ROWS = (
    'x,1\n\n"a,b",1,2\n1,2,3,4,5\n   \nq,.1,.2,.3\na"b,1,2,3\n'
    '"ab"c,1,2,3\n=cmd,1,2,3\n"m\nl",1,2,3\n'
)
KEYS = [
    *([1, 2], [1.5, 2, 1e10, 1e-7, 1e16, 5e-324, None], [2**63, 1], [2**53 + 1, 1.5], [True, None]),
    *(
        ['a"b', "é\n", None, "=x"],
        [1, "a", None, True, [1], {"a": 1}],
        [None, None],
        [-(2**63), -1],
    ),
    *(["2020-01-01", "x"], [1e300, -0.0], [[1], [2]]),
]
GOOD = '{"id":1,"x0":1,"x1":0.5,"x2":1}'
ODD_LINES = [
    *('{"a":', "[1]", "null", '"x"', "", '{"id":1,"x0":NaN,"x1":1,"x2":1}', '{"id":3,"x0":.5}'),
    *('{"id":1,"x0":1,"x1":1,"x2":1,"e":Infinity}', '{"id":1,"x0":1,"x1":1,"x2":1,"e":Inf}'),
    *(f"{GOOD}{GOOD}", '{"id":1,\n"x0":1,"x1":1,"x2":1}', '{"id":1,"x0":1,"x0":2,"x1":1,"x2":1}'),
    *('{"id":1,"x0":1,"e":2,"x1":1,"x2":1,"e":3}', '{"id":1,"\\u00780":1,"x0":2,"x1":1,"x2":":"}'),
    *('{"id":6,"x0":[1],"x1":1,"x2":1}', '{"id":1,"x0":1e400,"x1":1,"x2":1}', '{"id":"\xff"}'),
    *(f'{{"id":{"9" * 5000},"x0":1,"x1":1,"x2":1}}', f'{{"x0":{"9" * 400},"x1":1,"x2":1}}'),
]


def sources(folder):
    """Files of every oddness that text has."""
    draw = random.Random(3)  # noqa: S311 (drawn rows)
    rows = [f"k{at},{_quoted(draw.choice(CELLS))},{draw.random()},.5" for at in range(80)]
    csv = "\n".join(["id,x0,x1,x2", *rows, ODD_ROWS])
    files = {
        "plain.csv": csv.encode(),
        "crlf.csv": csv.replace("\n", "\r\n").encode(),
        "cr.csv": csv.replace("\n", "\r").encode(),
        "latin.jsonl": f"{GOOD}\n".encode() + b'{"id":1,"x0":"\xe9","x1":1,"x2":1}\n',
        "latin_only.jsonl": b'{"id":"\xe9","x0":1,"x1":1,"x2":1}\n' * 2,
        "bom.csv": b"\xef\xbb\xbf" + csv.encode(),
        "zipped.csv.gz": gzip.compress(csv.encode()),
        "order.tsv": b"x2\te\tx1\tx0\tid\n.1\te\t.2\t.3\tk\n",
        "sep.csv": b"sep=;\nid;x0;x1;x2\na;1;2;3\n",
        "cells_of_200_kB.csv": f"id,x0,x1,x2,t\na,1,2,3,{'y' * 200_000}\nb,1,2\n".encode(),
        "no_rows.csv": b"id,x0,x1,x2\n",
        "no_bytes.csv": b"",
        "latin.csv": b"id,x0,x1,x2\n\xe9,1,2,3\n",
        "cut.csv.gz": gzip.compress(csv.encode())[:-20],
        "lines.jsonl": "\n".join([GOOD, *ODD_LINES, GOOD]).encode("utf-8", "surrogateescape"),
        "cr.jsonl": f"{GOOD}\r{GOOD}\r".encode(),
        "no_lines.jsonl": b"",
        "no_objects.jsonl": b"hello\n",
    }
    for at, keys in enumerate(KEYS):
        lines = (json.dumps({"id": key, "x0": 1, "x1": 0.5, "x2": 1}) + "\n" for key in keys)
        files[f"keys{at}.jsonl"] = "".join(lines).encode()
    for at, line in enumerate(ODD_LINES):
        files[f"odd{at}.jsonl"] = f"{GOOD}\n{line}\n{GOOD}\n".encode()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def _quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def model():
    return built("three_numbers", three_numbers) / "m.h5"


def test_every_text_file_gives_the_same_bytes_without_arrow(model, tmp_path):
    given, with_arrow, without = (tmp_path / name for name in ("in", "with", "without"))
    for folder in (given, with_arrow, without):
        folder.mkdir()
    sources(given)
    jobs = [
        (source, f"{source.name}.{form}")
        for source in sorted(given.iterdir())
        for form in ("csv", "tsv", "jsonl")
    ]
    told = json.dumps([str(model), [(str(source), str(without / name)) for source, name in jobs]])
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for (source, name), found in zip(jobs, json.loads(done.stdout), strict=True):
        wanted = json.loads(json.dumps(outcome(str(model), str(source), str(with_arrow / name))))
        assert found == wanted, name
    names = [path.name for path in sorted(with_arrow.iterdir())]
    assert names == [path.name for path in sorted(without.iterdir())]
    for name in names:
        if not name.endswith(".summary.json"):
            assert (with_arrow / name).read_bytes() == (without / name).read_bytes(), name


def command(*arguments, cwd, stdin=None):
    """The command line without Arrow."""
    call = [sys.executable, "-c", f"{WITHOUT}from keramos.cli import main; main()", *arguments]
    return subprocess.run(
        list(map(str, call)), input=stdin, capture_output=True, text=True, cwd=cwd, check=False
    )


def test_rows_go_through_pipes_without_arrow(model, tmp_path):
    lines = f"{GOOD}\n" * 3
    done = command(
        *("score", model, "-", "--format", "jsonl", "-o", "-", "--to-format", "jsonl"),
        *("--keep", "id"),
        cwd=tmp_path,
        stdin=lines,
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("in.parquet", "-o", "o.csv"), "keramos[tables]"),
        (("in.csv", "-o", "o.parquet"), "keramos[tables]"),
        (("in.csv", "-o", "o.csv.zst"), "keramos[tables]"),
        (("in.csv.zst", "-o", "o.csv"), "keramos[tables]"),
        (
            ("in.csv", "-o", "o.csv", "--on-error", "skip", "--rejects", "r.parquet"),
            "keramos[tables]",
        ),
        (("in.csv", "-o", "o.csv", "--engine", "ray"), "keramos[ray]"),
        (("in.csv", "--to-sql", "sqlite:///t.db", "--table", "t"), "keramos[sql]"),
        (("--from-sql", "sqlite:///t.db", "--query", "SELECT 1", "-o", "o.csv"), "keramos[sql]"),
    ],
)
def test_other_formats_name_the_extra(model, tmp_path, arguments, words):
    for name in ("in.csv", "in.parquet", "in.csv.zst"):
        (tmp_path / name).write_text("id,x0,x1,x2\na,1,2,3\n")
    done = command("score", model, *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o.csv").exists()


def test_a_killed_job_goes_on_without_arrow(model, tmp_path):
    rows = "".join(f"{at},{at / 1e6},.5,.25\n" for at in range(120_000))
    (tmp_path / "in.csv").write_text(f"id,x0,x1,x2\n{rows}")
    arguments = ("score", model, "in.csv", "-o", "o.csv", "--keep", "id", "--part-rows", 40_000)
    killed = f"""{WITHOUT}import os
from keramos.scoring.journal import Work
add = Work.add
def killed(work, part):
    add(work, part)
    os._exit(9)
Work.add = killed
from keramos.cli import main; main()"""
    call = [sys.executable, "-c", killed, *map(str, arguments)]
    assert subprocess.run(call, cwd=tmp_path, capture_output=True, check=False).returncode == 9

    done = command(*arguments, "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    score(model, tmp_path / "in.csv", tmp_path / "whole.csv", keep=("id",))
    assert (tmp_path / "o.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


@given(st.one_of(st.floats(), st.floats(width=32)))
def test_numbers_are_written_as_arrow_writes_them(number):
    for dtype in ("float64", "float32"):
        with np.errstate(over="ignore"):
            value = np.array([number]).astype(dtype)
        assert shortest(str(value.astype(str)[0])) == pa.array(value).cast(pa.string())[0].as_py()
