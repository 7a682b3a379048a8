"""What every command has: -h, --quiet; and that nothing is written over or announced too early."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from keramos.cli.group import COMMANDS
from keramos.datasets import GERMAN_CREDIT
from support.command import keramos
from support.waiting import until

PROGRAM = str(Path(sys.executable).with_name("keramos"))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_h_is_help_and_quiet_is_everywhere(command):
    done = keramos(command, "-h")

    assert done.returncode == 0
    assert "Example: keramos" in done.stdout
    assert "--quiet" in done.stdout or command == "store"


def test_quiet_leaves_results_and_errors_alone(credit_file, tmp_path):
    asked = ["predict", credit_file, GERMAN_CREDIT]
    loud, quiet = keramos(*asked), keramos(*asked, "--quiet")
    assert loud.stdout == quiet.stdout
    assert loud.stderr
    assert quiet.stderr == ""
    written = keramos("convert", credit_file, tmp_path / "m.onnx", "-q")
    assert (written.stdout, written.stderr, written.returncode) == ("", "", 0)
    assert "does not exist" in keramos("predict", "absent.h5", GERMAN_CREDIT, "-q").stderr


def test_a_report_is_written_over_on_request_only(credit_file, tmp_path):
    out = tmp_path / "report.md"
    out.write_text("mine")
    refused = keramos("report", credit_file, "-o", out)

    assert refused.returncode == 1
    assert "the file exists" in refused.stderr
    assert "--force" in refused.stderr
    assert out.read_text() == "mine"
    assert keramos("report", credit_file, "-o", out, "--force").returncode == 0
    assert out.read_text() != "mine"


def test_a_server_says_that_it_listens_once_it_answers(credit_file, tmp_path):
    log = tmp_path / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [PROGRAM, "serve", credit_file, "--port", "0", "--log", "text"], stderr=file
        )
    try:
        until(lambda: "listening at http" in log.read_text())
        url = log.read_text().partition("listening at ")[2].split()[0]
        with urllib.request.urlopen(f"{url}/v2/health/live") as reply:  # noqa: S310 (this server)
            assert reply.status == 200
    finally:
        process.terminate()
        process.wait()


def test_a_wrong_command_is_told_which_one_is_near(tmp_path):
    assert "Did you mean 'serve'?" in keramos("serv").stderr
    assert "Did you mean" not in keramos("xyz").stderr
    (tmp_path / "m.h5").touch()
    assert "keramos inspect m.h5" in keramos("m.h5", cwd=tmp_path).stderr


def test_the_module_runs_as_the_program_does():
    done = subprocess.run(
        [sys.executable, "-m", "keramos", "predict"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "python -m keramos predict" in done.stderr
