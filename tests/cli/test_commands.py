"""The command line as people use it: real processes."""

import csv
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keramos.cli.group import COMMANDS
from keramos.datasets import GERMAN_CREDIT
from support.command import keramos

LINES = GERMAN_CREDIT.read_text().splitlines()


@pytest.fixture
def rows(tmp_path):
    """Four new rows; the second has a bad cell."""
    path = tmp_path / "new.csv"
    bad = LINES[2].replace(",48,", ",forty-eight,")
    path.write_text("\n".join([LINES[0], LINES[1], bad, LINES[3], LINES[4]]) + "\n")
    return path


def test_the_demo_shows_every_stage_with_real_numbers(tmp_path):
    done = keramos("demo", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for words in (
        "1. Data collection: german_credit.csv -> 1,000 rows x 10 columns",
        "2. Preprocessing: 1,000 x 10",
        "5. Model deployment",
        "epoch    loss  held-out  accuracy  held-out",
        "load_model('model.h5') opens it with default arguments",
        "1. load saved model",
        "4. decision",
        "modules of tensorflow, keras, jax, torch in this process: none",
    ):
        assert words in done.stdout
    assert (tmp_path / "demo-output" / "model.h5").stat().st_size > 10_000


def test_the_demo_of_images_adopts_a_folder_decides_photos_and_reports(tmp_path):
    done = keramos("demo", "--images", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for words in (
        "family: Teachable Machine",
        "labels   cup, bowl, vase",
        "4 golden pictures are in it",
        "raw       image=4,159 bytes",
        "pixels in 0..1",
        "in this process: none",
    ):
        assert words in done.stdout
    answers = re.findall(r"^(\w+)_\d\.jpg .*: (\w+)$", done.stdout, re.MULTILINE)
    assert len(answers) == 6
    assert all(drawn == answer for drawn, answer in answers)
    page = (tmp_path / "demo-output" / "pots.html").read_text(encoding="utf-8")
    assert "where it mattered" in page
    assert "http" not in re.sub(r"http://127.0.0.1:8501", "", page.partition("<main")[2])


def test_train_says_what_it_inferred_and_saves_a_file_that_predicts(tmp_path):
    table = tmp_path / "table.csv"
    body = [f"{i},{i % 7},{'yes' if i % 7 > 3 else 'no'},same,{i % 2}" for i in range(1, 101)]
    table.write_text("\n".join(["customer_id,score,answer,constant,noise", *body]))

    trained = keramos(
        "train", table, "--target", "answer", "-o", tmp_path / "m.keras", "--epochs", "20"
    )
    predicted = keramos("predict", tmp_path / "m.keras", table)

    assert trained.returncode == 0, trained.stderr
    assert "'customer_id' is not used: row identifier" in trained.stdout
    assert "'constant' is not used: constant" in trained.stdout
    assert "target 'answer': binary" in trained.stdout
    assert predicted.returncode == 0, predicted.stderr
    assert len(predicted.stdout.splitlines()) == 101
    assert "100 rows: 100 decided, 0 rejected" in predicted.stderr


def test_a_bad_row_fails_the_whole_job_and_nothing_is_written(credit_file, rows, tmp_path):
    out = tmp_path / "out.csv"

    done = keramos("predict", credit_file, rows, "-o", out)

    assert done.returncode == 1
    assert "row 2, column 'duration_months'" in done.stderr
    assert "'forty-eight'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_skip_writes_good_rows_in_order_and_bad_ones_to_a_side_file(credit_file, rows, tmp_path):
    out = tmp_path / "out.csv"

    done = keramos("predict", credit_file, rows, "-o", out, "--on-error", "skip")

    assert done.returncode == 0, done.stderr
    assert [row["row"] for row in csv.DictReader(out.read_text().splitlines())] == ["1", "3", "4"]
    (rejected,) = csv.DictReader((tmp_path / "out.rejected.csv").read_text().splitlines())
    assert rejected["row"] == "2"
    assert rejected["column"] == "duration_months"
    assert "4 rows: 3 decided, 1 rejected" in done.stderr


def test_predict_reads_standard_input_and_speaks_json(credit_file):
    done = keramos("predict", credit_file, "-", "--json", stdin="\n".join(LINES[:4]))

    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["row"] for record in records] == [1, 2, 3]
    assert all(record["label"] in ("good", "bad") for record in records)


def test_predict_shows_the_four_steps_on_request(credit_file, rows):
    done = keramos(
        "predict", credit_file, rows, "--on-error", "skip", "--trace", "1", cwd=rows.parent
    )

    assert "prediction trace of row 1" in done.stderr
    assert "4. decision" in done.stderr


def test_inspect_verify_and_convert_report_in_words_and_in_json(credit_file, tmp_path):
    for command in (
        ["inspect", credit_file],
        ["verify", credit_file],
        ["convert", credit_file, tmp_path / "m.onnx"],
    ):
        words, values = keramos(*command), keramos(*command, "--json")
        assert words.returncode == values.returncode == 0, words.stderr + values.stderr
        assert words.stdout.strip()
        json.loads(values.stdout)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_every_command_has_help_with_an_example(command):
    done = keramos(*command, "--help")

    assert done.returncode == 0
    assert "Example: keramos" in done.stdout


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["predict", "absent.h5", "x.csv"], 1, "absent.h5: the file does not exist"),
        (["predict", GERMAN_CREDIT, GERMAN_CREDIT], 1, "neither HDF5 nor a .keras archive"),
        (
            ["train", "absent.csv", "--target", "y", "-o", "m.h5"],
            1,
            "absent.csv: the file does not exist",
        ),
        (["train", GERMAN_CREDIT, "--target", "rsik", "-o", "m.h5"], 1, "is it 'risk'?"),
        (["train", GERMAN_CREDIT, "--target", "risk", "-o", "m.pkl"], 2, ".keras"),
        (["train", GERMAN_CREDIT, "--target", "risk"], 2, "--output"),
        (
            ["train", GERMAN_CREDIT, "--target", "risk", "-o", "m.h5", "--drop", "agee"],
            2,
            "is it 'age'?",
        ),
        (
            ["train", GERMAN_CREDIT, "--target", "risk", "-o", "m.h5", "--epochs", "0"],
            2,
            "epochs must be 1 or more",
        ),
        (["train", GERMAN_CREDIT, "--target", "risk", "-o", "m.h5", "--hidden", "a,b"], 2, "64,32"),
        (["inspect", sys.executable], 1, "neither HDF5"),
        (["fly"], 2, "No such command"),
    ],
)
def test_mistakes_give_one_message_and_the_right_exit_code(command, code, words, tmp_path):
    done = keramos(*command, cwd=tmp_path)

    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_where_an_error_arose():
    assert "Traceback" in keramos("--debug", "inspect", "absent.h5").stderr


def test_control_c_stops_with_one_line_and_writes_nothing(tmp_path):
    command = [
        Path(sys.executable).with_name("keramos"),
        "train",
        GERMAN_CREDIT,
        "--target",
        "risk",
        "-o",
        "m.h5",
    ]
    process = subprocess.Popen(
        [*command, "--epochs", "100000"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline()  # the first line: the command is at work
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert errors.strip() == "keramos: stopped"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_stops_early_is_no_error(credit_file):
    command = [Path(sys.executable).with_name("keramos"), "inspect", credit_file, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()

    errors = process.stderr.read()
    process.wait()
    process.stderr.close()

    assert errors == ""


def test_the_version_is_told():
    from keramos.version import __version__

    assert __version__ in keramos("--version").stdout
