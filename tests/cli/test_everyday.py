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
