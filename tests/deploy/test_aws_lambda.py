"""The function for AWS Lambda, run as it is from a folder that nothing can be written to."""

from __future__ import annotations

import base64
import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from keramos.datasets import GERMAN_CREDIT
from support.trained import credit

ROOT = Path(__file__).parents[2]
HANDLER = ROOT / "deploy" / "aws_lambda.py"
RUN = """
import json, sys
import aws_lambda
print(json.dumps([aws_lambda.handler(event, None) for event in json.load(sys.stdin)]))
"""


def events():
    """One event of each kind; two that cannot be answered."""
    with GERMAN_CREDIT.open(encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    rows = {"rows": [row]}
    text = json.dumps(rows)
    coded = base64.b64encode(text.encode()).decode()
    return {
        "invocation": rows,
        "function URL": {"body": text, "isBase64Encoded": False, "version": "2.0"},
        "base64": {"body": coded, "isBase64Encoded": True},
        "a cell": {"body": json.dumps({"rows": [row | {"age": "old"}]})},
        "no body": {"body": None},
        "a list": {"body": "[1, 2]"},
    }


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """What the handler answers to each event, by the name of the event."""
    folder = tmp_path_factory.mktemp("function")
    (folder / "aws_lambda.py").write_bytes(HANDLER.read_bytes())
    credit().save(folder / "model.h5")
    folder.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=folder,
        input=json.dumps(list(events().values())),
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(zip(events(), json.loads(done.stdout), strict=True))


def test_an_invocation_and_a_request_get_the_same_decisions(answered):
    (decision,) = answered["invocation"]["decisions"]
    assert decision["label"] in {"good", "bad"}
    for name in ("function URL", "base64"):
        assert answered[name]["statusCode"] == 200
        assert json.loads(answered[name]["body"]) == answered["invocation"]


def test_a_request_that_cannot_be_answered_gets_the_reason(answered):
    refused = answered["a cell"]
    problem = json.loads(refused["body"])["error"]["problems"][0]
    assert (refused["statusCode"], problem["column"]) == (400, "age")
    assert {answered[name]["statusCode"] for name in ("no body", "a list")} == {400}


def test_the_page_shows_the_function_as_it_is():
    page = (ROOT / "docs" / "functions.md").read_text(encoding="utf-8")
    assert HANDLER.read_text(encoding="utf-8") in page
