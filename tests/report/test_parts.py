"""Every view renders every valid document, whatever parts it lacks, and every other is refused."""

import copy
import hashlib
import json
import re
from dataclasses import fields, replace
from functools import cache
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keramos
from keramos.artifact.write import write
from keramos.errors import KeramosError, ModelError
from keramos.inference.explain import Explainer
from keramos.report.card import card
from keramos.report.inspection import as_dict
from keramos.report.pages import Pages
from keramos.report.screen import Screen
from keramos.report.standalone import report
from keramos.report.text import document, overview
from keramos.report.tracing import explanation
from keramos.report.views.absent import absent
from keramos.report.views.columns import example_row, typed_row
from keramos.report.views.model import model_view
from keramos.serving.registry.registry import ModelRegistry
from keramos.training.engines import ENGINES
from keramos.types.artifact import Content
from support.least_squares import LeastSquares

OPTIONAL = ("trace", "metrics", "provenance", "golden", "held_out", "sample")
SENTENCES = {
    "preparation": "Preprocessing: the file records none",
    "trace": "Training trace: the file does not record",
    "metrics": "Metrics: the file records no quality",
    "provenance": "Provenance: the file does not record",
    "golden": "Golden rows: the file records no reference",
    "held_out": "Held-out rows: the file keeps none",
    "sample": "Sample row: the file keeps none",
}
NOT_A_NUMBER = re.compile(r"(?<![\w.])(nan|inf|-inf|NaN|Infinity)(?!\w)")
QUIET = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def table(task, *, mixed):
    rng = np.random.default_rng(0)
    x = rng.random((120, 3))
    value = x @ [3.0, -2.0, 1.0]
    target = {
        "binary": np.where(value > 1, "yes", "no"),
        "multiclass": np.array(["low", "middle", "high"])[np.digitize(value, [0.5, 1.5])],
        "regression": value,
    }[task]
    columns = {"a": x[:, 0] * 100, "b": x[:, 1], "c": x[:, 2]}
    if mixed:
        columns["word"] = rng.choice(["red", "green", "<b>blue</b>"], 120)
        columns["flag"] = rng.choice([True, False], 120)
        columns["day"] = [f"2024-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(120)]
    return columns | {"y": target}


@cache
def trained(task, mixed):
    with patch.dict(ENGINES, {"least squares": LeastSquares}):
        return keramos.train(table(task, mixed=mixed), "y", engine="least squares")


def views(path):
    """Every view of a file as text, by name."""
    found = keramos.inspect(path)
    model = keramos.load(path)
    view, screen = model_view(found, model, "m"), Screen()
    content = model.content
    row = typed_row(example_row(content), content)
    registry = ModelRegistry()
    registry.add("m", 1, model)
    pages = Pages(registry)
    shown = {
        "inspect": "\n".join([*overview(view, screen), *document(view, screen)]),
        "inspect --json": json.dumps(as_dict(found)),
        "report": report(found, model, "m"),
        "report of an unloaded file": report(found, None, "m"),
        "card": card(view, content.schema.target.task),
        "verify": "\n".join(check.detail for check in keramos.verify(path)),
    }
    for where in ("/", "/models/m", "/models/m/explain", "/models/m/check", "/models/m/drift"):
        page = pages(where, "")
        assert page.status == 200
        shown[where] = page.body.decode()
    try:
        decision = model.decide([row])[0]
        explained = Explainer(model).row(model, row)
        lines = explanation(explained, content.rule, decision.score, screen)
        shown["trace"] = "\n".join([str(model.trace(row)), *lines])
    except KeramosError as error:  # a sample row that the schema refuses
        shown["trace"] = str(error)
    return shown


def check(shown):
    for name, text in shown.items():
        assert not NOT_A_NUMBER.search(text), (name, NOT_A_NUMBER.search(text))
        assert "Traceback" not in text, name


@QUIET
@given(
    lacks=st.sets(st.sampled_from(OPTIONAL)),
    task=st.sampled_from(["binary", "multiclass", "regression"]),
    mixed=st.booleans(),
    suffix=st.sampled_from([".h5", ".keras"]),
)
def test_every_view_says_what_a_file_does_not_record(tmp_path, lacks, task, mixed, suffix):
    run = trained(task, mixed)
    content = replace(run.content, **dict.fromkeys(lacks))
    path = tmp_path / f"m{suffix}"
    write(path, run.network, content)

    shown = views(path)

    check(shown)
    for part in lacks:
        for name in ("inspect", "inspect --json", "report", "card", "/models/m"):
            assert SENTENCES[part] in shown[name], (name, part)
    assert keramos.load(path).content == content
    if not lacks:
        assert "What this file does not record" not in shown["inspect"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_schema_and_a_rule_are_a_valid_document(tmp_path, task):
    run, path = trained(task, False), tmp_path / "m.keras"
    content = Content(schema=run.content.schema, rule=run.content.rule)
    write(path, run.network, content)
    rows = [{"a": 10.0, "b": 0.5, "c": 0.25}, {"a": 90.0, "b": 0.1, "c": 0.9}]

    shown = views(path)

    check(shown)
    # A schema and a rule are there; only adopted files have an adoption, and an evaluation is made
    # where it is asked for.
    assert len(absent(content)) == len(fields(Content)) - 4
    for sentence in SENTENCES.values():
        assert sentence in shown["inspect"]
    whole = tmp_path / "whole.keras"
    run.save(whole)
    assert keramos.load(path).decide(rows) == keramos.load(whole).decide(rows)


def test_a_document_without_preparation_is_the_same_when_it_is_saved_again(tmp_path):
    run, path = trained("binary", False), tmp_path / "m.h5"
    content = Content(schema=run.content.schema, rule=run.content.rule)
    write(path, run.network, content)

    again = keramos.load(path).content

    assert again == content


def test_a_repeated_key_is_refused(tmp_path):
    path = tmp_path / "m.keras"
    trained("binary", False).save(path)
    rewrite(path, lambda body: body.replace(b'"threshold":', b'"threshold":0.9,"threshold":', 1))

    with pytest.raises(ModelError, match="threshold"):
        keramos.load(path)


def rewrite(path, change):
    """Change the document of a .keras file, with its digest renewed."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    body = change(entries["keramos/content.json"].partition(b"\n")[2])
    entries["keramos/content.json"] = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


VALUES = (
    *(None, True, 0, 1, -1, 2, 0.5, 1e308, -1e308, 1e30, 2**63, -(2**31)),
    *("", "x", "<b>", "\u202e", "a\nb", "1e308", "2024-02-30", [], {}, [0], [[]], ["x"]),
)


def places(value, path=()):
    """The path of every value in a JSON document; of long lists, of the first three items."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value[:3]) if isinstance(value, list) else items
    for key, item in items:
        yield from places(item, (*path, key))


def mutated(data, body):
    """A document with one to three changes: another value, nothing, an item twice, or one less."""
    found = json.loads(body)
    for _ in range(data.draw(st.integers(1, 3), label="changes")):
        known = [path for path in places(found["content"]) if path]
        *steps, last = data.draw(st.sampled_from(known), label="path")
        holder = found["content"]
        for step in steps:
            holder = holder[step]
        how = data.draw(st.sampled_from(["value", "value", "none", "twice", "less"]), label="how")
        if how == "none":
            del holder[last]
        elif how == "value" or not isinstance(holder[last], list):
            holder[last] = copy.deepcopy(data.draw(st.sampled_from(VALUES), label="value"))
        elif how == "twice":
            holder[last] = holder[last] * 2
        else:
            holder[last] = holder[last][:-1]
    return json.dumps(found).encode()


@settings(QUIET, max_examples=120)
@given(
    data=st.data(),
    task=st.sampled_from(["binary", "multiclass", "regression"]),
    mixed=st.booleans(),
)
def test_a_changed_document_is_refused_or_shown_in_every_view(tmp_path, data, task, mixed):
    path = tmp_path / "m.keras"
    trained(task, mixed).save(path)
    rewrite(path, lambda body: mutated(data, body))

    try:
        keramos.load(path)
    except ModelError:
        return
    check(views(path))
