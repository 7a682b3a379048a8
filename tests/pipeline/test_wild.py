"""Files from public repositories: each answers as its oracle, or is refused for code that is not in
it.
"""

import json

import numpy as np
import pytest

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import ModelError
from keramos.pipeline.keras_compatibility import plain_keras
from keramos.runtime.session import Session

INCOMPLETE = ("has no model_config", "vocabulary is not in the file", "received 0")
"""Weights without an architecture, a vocabulary that .h5 cannot keep, weights of another
architecture.
"""


@pytest.fixture(scope="module")
def wild(shared):
    folder = shared / "wild"
    if not folder.exists():
        pytest.skip("the files from public repositories are not here")
    return folder, json.loads((folder / "manifest.json").read_text())


def answers(folder, row):
    path = folder / row["name"]
    artifact = (
        read(folder / row["architecture"], weights=path) if row.get("architecture") else read(path)
    )
    compiled = compile_network(artifact.network)
    data = np.load(folder / row["oracle_file"]) if row.get("oracle_file") else {}
    inputs = [data[key] for key in sorted(key for key in data if key.startswith("in"))]
    outputs = [data[key] for key in sorted(key for key in data if key.startswith("out"))]
    session = Session(compiled)
    feeds = zip(compiled.inputs, inputs, strict=bool(inputs))
    fed = {s.name: np.asarray(a, object if s.dtype == "str" else s.dtype) for s, a in feeds}
    return (session.run(fed) if inputs else []), outputs


def test_what_plain_keras_would_do_is_foretold_for_nine_of_ten_real_files(wild):
    folder, rows = wild
    known = [row for row in rows if row["keras3"] is not None and row["kind"] == "whole"]

    right = [
        plain_keras(read(folder / row["name"])).startswith("opens") == (row["keras3"] == "ok")
        for row in known
        if not row["name"].startswith("C08")  # what it lacks is met only while compiling
    ]

    assert sum(right) >= 0.9 * len(right)


def test_every_real_file_answers_as_its_oracle_or_is_refused_for_what_it_lacks(wild):
    folder, rows = wild
    wrong, right = [], 0
    for row in rows:
        try:
            actual, expected = answers(folder, row)
        except ModelError as error:
            foreign = row["custom"] or row["has_lambda"]
            if not foreign and not any(words in str(error) for words in INCOMPLETE):
                wrong.append((row["name"], str(error)))
            continue
        close = [
            a.shape == b.shape
            and np.allclose(a, b, rtol=1e-4, atol=1e-5 * max(1.0, float(np.abs(b).max(initial=0))))
            for a, b in zip(actual, expected, strict=True)
        ]
        right += all(close)
        if not all(close):
            wrong.append((row["name"], "answers differ"))

    assert wrong == []
    assert right > len(rows) // 2
