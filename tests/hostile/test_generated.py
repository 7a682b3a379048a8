"""Some hundred hostile variations, made here: each refused as what it is, or opened where it is
harmless.
"""

import os
import re

import pytest

from hostile import (
    generate_bombs,
    generate_code,
    generate_content,
    generate_graph,
    generate_hdf5,
    generate_zip,
)
from hostile.runner import BYTES, SECONDS, opened
from keramos import errors

FAMILIES = {
    "bombs": generate_bombs,
    "code": generate_code,
    "content": generate_content,
    "graph": generate_graph,
    "hdf5": generate_hdf5,
    "zip": generate_zip,
}
ADVISED = re.compile(
    r"[Ss]ave|[Cc]opy|[Rr]aise|[Rr]eplace|[Gg]ive|[Rr]ename|[Ww]ait|git lfs|Do not|accepts"
)
CASES = {family: module.cases() for family, module in FAMILIES.items()}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Family and name -> what became of the file; and the folder in which payloads would leave
    their markers.
    """
    folder = tmp_path_factory.mktemp("hostile")
    marks = folder / "marks"
    marks.mkdir()
    (folder / f"{generate_code.MODULE}.py").write_text(generate_code.module_text())
    paths = {}
    for family, cases in CASES.items():
        for number, case in enumerate(cases):
            path = folder / f"{family}_{number}{case.suffix}"
            path.write_bytes(case.make())
            paths[family, case.name] = path
    found = os.environ.get("PYTHONPATH", "")
    done = opened(
        list(paths.values()),
        HOSTILE_MARKER_DIR=str(marks),
        PYTHONPATH=f"{folder}{os.pathsep}{found}",
    )
    return dict(zip(paths, done, strict=True)), marks


def fits(kind, expected):
    """Whether an outcome is one of those expected, or a special case of it."""
    known = getattr(errors, kind, None)
    return kind in expected or (
        known is not None and any(base.__name__ in expected for base in known.__mro__)
    )


def test_every_variation_has_a_name_of_its_own():
    names = [case.name for cases in CASES.values() for case in cases]

    assert len(set(names)) == len(names) > 600


@pytest.mark.parametrize("family", CASES)
def test_a_hostile_file_is_refused_as_what_it_is_and_where(family, outcomes):
    found, _ = outcomes
    wrong = []
    for case in CASES[family]:
        got = found[family, case.name]
        if not fits(got.kind, case.expected):
            wrong.append(f"{case.name}: {got.kind} {got.message[:200]}; expected {case.expected}")
        elif got.kind != "open" and not re.search(case.names, got.message):
            wrong.append(f"{case.name}: {got.message[:200]}; does not name {case.names}")

    assert wrong == []


@pytest.mark.parametrize("family", CASES)
def test_a_hostile_file_costs_less_than_a_second_and_200_megabytes(family, outcomes):
    found, _ = outcomes
    costly = [
        (case.name, got.seconds, got.bytes)
        for case in CASES[family]
        if (got := found[family, case.name]).seconds > SECONDS or got.bytes > BYTES
    ]

    assert costly == []


@pytest.mark.parametrize("family", CASES)
def test_nothing_but_the_file_is_opened_imported_or_connected_to(family, outcomes):
    found, _ = outcomes
    acts = {
        case.name: found[family, case.name].acts
        for case in CASES[family]
        if found[family, case.name].acts
    }

    assert acts == {}


def test_no_payload_left_its_marker(outcomes):
    _, marks = outcomes

    assert list(marks.iterdir()) == []


def test_every_refusal_names_the_file_and_says_what_to_do(outcomes):
    found, _ = outcomes
    vague = {
        name: got.message
        for name, got in found.items()
        if got.kind != "open"
        and not (got.message.startswith(got.path) and ADVISED.search(got.message))
    }

    assert vague == {}


def test_messages_are_short_and_hold_no_control_characters(outcomes):
    found, _ = outcomes
    odd = {
        name: got.message
        for name, got in found.items()
        if not got.message.replace("\n", "").isprintable()
    }
    long = {name: got.message[:80] for name, got in found.items() if len(got.message) > 2000}

    assert odd == {}
    assert long == {}


def test_the_payloads_do_something_when_they_are_run(tmp_path, monkeypatch):
    """Otherwise their silence would prove nothing."""
    import base64
    import marshal
    import types

    monkeypatch.setenv("HOSTILE_MARKER_DIR", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"{generate_code.MODULE}.py").write_text(generate_code.module_text())
    code = marshal.loads(base64.b64decode(generate_code.code()))  # noqa: S302 (made here)
    types.FunctionType(code, {})(1)
    module = __import__(generate_code.MODULE)
    module.run(1)

    assert {"code", "imported", "called"} <= {path.name for path in tmp_path.iterdir()}
