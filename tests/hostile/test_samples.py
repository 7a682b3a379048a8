"""Hostile and damaged files, each in a process of its own with bounds: refused and named, or opened
and run.
"""

import json
import re

import pytest

from hostile.runner import BYTES, SECONDS, opened
from keramos import errors

DECIDED = {
    "b25_bfloat16.h5": "open",  # decoded exactly
    "z14_no_metadata.keras": "open",  # nothing depends on it
    "z28_h5_named.keras": "open",  # content decides
    "z38_json_bom.keras": "CorruptModelError",  # RFC 8259 forbids writers to add one
}
"""Where both would do: what is done here."""

CLASSES = {
    "AMBIGUOUS": (errors.UnsafeModelError,),
    "CODE": (errors.UnsafeModelError,),
    "EXTERNAL_PATH": (errors.UnsafeModelError,),
    "GRAPH_CYCLE": (errors.CorruptModelError,),
    "GRAPH_DUP": (errors.CorruptModelError,),
    "GRAPH_REF": (errors.CorruptModelError,),
    "H5_FILTER": (errors.UnsafeModelError,),
    "H5_LINK": (errors.UnsafeModelError,),
    "H5_VIRTUAL": (errors.UnsafeModelError,),
    "JSON": (
        errors.CorruptModelError,
        errors.UnsupportedModelError,
    ),  # an opaque attribute is no JSON at all
    "JSON_DEPTH": (errors.LimitExceededError,),
    "LIMIT_COUNT": (errors.LimitExceededError,),
    "LIMIT_RATIO": (errors.LimitExceededError,),
    "LIMIT_SIZE": (errors.LimitExceededError, errors.MismatchError),
    "NONFINITE": (errors.MismatchError,),
    "RUNTIME_LIMIT": (errors.LimitExceededError,),
    "TRUNCATED": (errors.CorruptModelError,),
    "UNKNOWN_CLASS": (errors.UnsupportedModelError,),
    "ZIP_DUPLICATE": (errors.UnsafeModelError,),
    "ZIP_ENCRYPTED": (errors.UnsafeModelError,),
    "ZIP_METHOD": (errors.UnsafeModelError,),
    "ZIP_NAME": (errors.UnsafeModelError,),
    "ZIP_OVERLAP": (errors.UnsafeModelError,),
}
"""Reason -> classes that say it; any ModelError where it is not listed."""

ADVISED = re.compile(
    r"[Ss]ave|[Cc]opy|[Rr]aise|[Rr]eplace|[Gg]ive|[Rr]ename|[Ww]ait|git lfs|Do not|accepts"
)


@pytest.fixture(scope="module")
def samples(shared):
    folder = shared / "hostile"
    if not folder.is_dir():
        pytest.skip("the hostile samples are not here")
    return folder, json.loads((folder / "index.json").read_text())


@pytest.fixture(scope="module")
def results(samples, tmp_path_factory):
    """Name -> what became of each file; the marker folder is empty and stays so."""
    folder, rows = samples
    marker = tmp_path_factory.mktemp("marker")
    done = opened([folder / row["name"] for row in rows], HOSTILE_MARKER_DIR=str(marker))
    assert list(marker.iterdir()) == []
    return {row["name"]: found for row, found in zip(rows, done, strict=True)}


NEVER_RUN = frozenset({"a41_loss_lambda.keras"})
"""Code that only training would run: it is named in a note, and the model opens."""


def test_every_sample_is_refused_opened_or_decided_as_it_should_be(samples, results):
    wrong = []
    for row in samples[1]:
        found = results[row["name"]]
        if row["expected"] == "either":
            right = found.kind == DECIDED[row["name"]]
        elif row["expected"] == "open" or row["name"] in NEVER_RUN:
            right = found.kind == "open"
        else:
            wanted = CLASSES.get(row["code"], (errors.ModelError,))
            right = issubclass(getattr(errors, found.kind, int), wanted)
        if not right:
            wrong.append((row["name"], row["code"], found.kind, found.message[:200]))

    assert not wrong, "\n".join(map(str, wrong))


def test_every_refusal_names_the_file_and_says_what_to_do(results):
    vague = {
        name: found.message
        for name, found in results.items()
        if found.kind != "open"
        and not (found.message.startswith(found.path) and ADVISED.search(found.message))
    }

    assert vague == {}


def test_no_sample_takes_more_than_a_second_or_200_megabytes(results):
    assert {
        n: found for n, found in results.items() if found.seconds > SECONDS or found.bytes > BYTES
    } == {}


def test_nothing_but_the_sample_is_opened_imported_or_connected_to(results):
    assert {name: found.acts for name, found in results.items() if found.acts} == {}
