"""Standard input and output, through real pipes; and what people see on a terminal."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from support.scoring_rows import expected, rows

KERAMOS = str(Path(sys.executable).with_name("keramos"))


def as_csv(table):
    sink = io.BytesIO()
    pa_csv.write_csv(table, sink)
    return sink.getvalue()


def piped(given, *arguments, cwd):
    call = [KERAMOS, "score", *map(str, arguments)]
    return subprocess.run(call, input=given, capture_output=True, cwd=cwd, check=False)


READ = {
    "csv": lambda data: pa_csv.read_csv(io.BytesIO(data)),
    "tsv": lambda data: pa_csv.read_csv(
        io.BytesIO(data), parse_options=pa_csv.ParseOptions(delimiter="\t")
    ),
    "jsonl": lambda data: pa.Table.from_pylist([json.loads(line) for line in data.splitlines()]),
    "parquet": lambda data: pq.read_table(io.BytesIO(data)),
    "arrow": lambda data: pa.ipc.open_stream(data).read_all(),
}


@pytest.mark.parametrize("form", READ)
def test_rows_go_through_pipes_in_every_format(scoring_model, tmp_path, form):
    table = rows(5000)
    arguments = [
        scoring_model,
        "-",
        "--format",
        "csv",
        "-o",
        "-",
        "--to-format",
        form,
        "--keep",
        "id",
    ]
    done = piped(as_csv(table), *arguments, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    out = READ[form](done.stdout)
    assert [int(i) for i in out["id"].to_pylist()] == list(range(5000))
    assert out["score"].to_numpy() == pytest.approx(expected(scoring_model, table), abs=1e-6)
    assert b"5,000 rows = 5,000 decided + 0 rejected" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_one_command_feeds_the_next(scoring_model, tmp_path):
    pq.write_table(rows(2000), tmp_path / "in.parquet")
    keep = " ".join(f"--keep {name}" for name in ("id", "x0", "x1", "x2"))
    first = f"{KERAMOS} score {scoring_model} in.parquet -o - --to-format arrow {keep}"
    second = f"{KERAMOS} score {scoring_model} - --format arrow -o - --to-format csv --keep id"
    done = subprocess.run(
        ["bash", "-c", f"{first} | {second}"], cwd=tmp_path, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert pa_csv.read_csv(io.BytesIO(done.stdout))["id"].to_pylist() == list(range(2000))


def test_csv_is_what_standard_output_gets_and_the_summary_stays_out_of_it(scoring_model, tmp_path):
    given = b"id,x0,x1,x2\n1,0.1,0.2,0.3\n2,0.1,abc,0.3\n"
    arguments = [
        scoring_model,
        "-",
        "--format",
        "csv",
        "-o",
        "-",
        "--keep",
        "id",
        "--on-error",
        "skip",
        "--json",
    ]
    done = piped(given, *arguments, "--rejects", "bad.csv", "--summary", "s.json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == b'"row","id","label","score","warnings"'
    assert len(done.stdout.splitlines()) == 2
    assert json.loads(done.stderr)["totals"]["rejected"] == 1
    assert json.loads((tmp_path / "s.json").read_text())["totals"]["rows"] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "s.json"]


def test_rows_are_there_before_the_input_ends(scoring_model, tmp_path):
    call = [KERAMOS, "score", str(scoring_model), "-", "--format", "csv", "-o", "-", "--keep", "id"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(call, cwd=tmp_path, **pipes) as process:
        feeding = Thread(target=process.stdin.write, args=(as_csv(rows(400_000)),))
        feeding.start()
        first = [process.stdout.readline() for _ in range(2)]  # the input is still open
        ending = Thread(target=lambda: (feeding.join(), process.stdin.close()))
        ending.start()
        rest = process.stdout.read()
        ending.join()
        process.stderr.read()

    assert first[0] == b'"id","label","score","warnings"\n'
    assert first[1].startswith(b'"0"')
    assert len(rest.splitlines()) == 399_999
    assert process.returncode == 0


def test_a_reader_that_has_enough_ends_the_run_quietly(scoring_model, tmp_path):
    pq.write_table(rows(400_000), tmp_path / "in.parquet")
    call = f"{KERAMOS} score {scoring_model} in.parquet -o - --keep id | head -n 2"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {call}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize(
    ("given", "arguments", "code", "words"),
    [
        (b"", ["-", "-o", "-"], 1, b"lacks 3 columns"),
        (b"", ["-", "--format", "csv", "-o", "-"], 1, b"lacks 3 columns"),
        (
            b"PAR1nothing",
            ["-", "--format", "parquet", "-o", "-"],
            1,
            b"Parquet is read from its end",
        ),
        (b"x", ["-", "--format", "csv", "-o", "-", "--resume"], 2, b"cannot be resumed"),
        (b"x0,x1,x2\n1,2,a\n", ["-", "--format", "csv", "-o", "-"], 1, b"row 1, column 'x2'"),
    ],
)
def test_what_cannot_stream_is_refused_in_one_sentence(
    scoring_model, tmp_path, given, arguments, code, words
):
    done = piped(given, scoring_model, *arguments, cwd=tmp_path)

    assert done.returncode == code, done.stderr
    assert words in b" ".join(done.stderr.split())
    assert b"Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def on_terminal(call, cwd, *, until=rb"", then=None):
    """Run with a terminal as standard error; give the exit code and all that was shown."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(call, cwd=cwd, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(mine, 4096)
        except OSError:  # the other end of a terminal is closed
            break
        shown += data
        if then is not None and re.search(until, shown):
            process.send_signal(then)
            then = None
    os.close(mine)
    return process.wait(), shown.decode()


def test_a_terminal_shows_one_bar_that_is_drawn_again(scoring_model, tmp_path):
    pq.write_table(rows(400_000), tmp_path / "in.parquet", row_group_size=1000)
    code, shown = on_terminal(
        [KERAMOS, "score", str(scoring_model), "in.parquet", "-o", "out.csv"], tmp_path
    )

    assert code == 0
    bar = shown[: shown.index("400,000 rows = ")]
    assert "\n" not in bar
    assert bar.count("\r[") > 1
    for words in ("rows/s", "0 bad", "s left", "#", "%"):
        assert words in bar
    assert "400,000 rows = 400,000 decided" in shown


def test_elsewhere_lines_come_every_few_seconds_and_never_a_bar(scoring_model, tmp_path):
    call = [KERAMOS, "score", str(scoring_model), "-", "--format", "csv", "-o", "out.csv"]
    table = as_csv(rows(60_000))
    with subprocess.Popen(
        call, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        head, body = table.split(b"\n", 1)
        process.stdin.write(head + b"\n")
        begun = time.monotonic()
        while time.monotonic() - begun < 8:
            process.stdin.write(body)
            process.stdin.flush()
            time.sleep(0.05)
        process.stdin.close()
        said = process.stderr.read().decode().splitlines()

    assert process.returncode == 0
    said = [line for line in said if not line.startswith("  ")]
    assert 2 <= len(said) <= 4
    assert all(not line.startswith("\r") and "[" not in line for line in said)
    assert "rows/s" in said[0]


def test_an_interrupt_at_the_terminal_leaves_work_that_goes_on_to_the_same_rows(
    scoring_model, tmp_path
):
    table = rows(400_000)
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=1000)
    call = [
        KERAMOS,
        "score",
        str(scoring_model),
        "in.parquet",
        "-o",
        "out.csv",
        "--keep",
        "id",
        "--part-rows",
        "3000",
    ]
    code, shown = on_terminal(call, tmp_path, until=rb"([3-9]|\d\d)%", then=signal.SIGINT)

    assert code == 130
    assert "--resume to go on" in " ".join(shown.split())
    assert "Traceback" not in shown
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.csv.keramos", "in.parquet"]
    done = subprocess.run(
        [*call, "--resume", "--json"], cwd=tmp_path, capture_output=True, check=True
    )
    assert json.loads(done.stdout)["resumed"]
    assert pa_csv.read_csv(tmp_path / "out.csv")["id"].to_pylist() == list(range(400_000))
    assert not (tmp_path / ".out.csv.keramos").exists()
