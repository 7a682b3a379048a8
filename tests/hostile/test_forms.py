"""Hostile files and folders of the other forms, made here: each refused as what it is, in a process
of its own, at little cost.
"""

import re

import pytest

from hostile import generate_forms
from hostile.runner import BYTES, SECONDS, opened
from keramos import errors

CASES = [*generate_forms.cases(), *generate_forms.graphs()]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Each case and what became of it."""
    folder = tmp_path_factory.mktemp("forms")
    paths = []
    for place, case in enumerate(CASES):
        own = folder / str(place)
        files = case.files()
        for name, data in files.items():
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            (own / name).write_bytes(data)
        paths.append(own if case.folder else own / next(iter(files)))
    return list(zip(CASES, opened(paths), strict=True))


def fits(kind, expected):
    """Whether an error is one of those expected, or a special case of it."""
    known = getattr(errors, kind, None)
    return known is not None and any(base.__name__ in expected for base in known.__mro__)


def test_each_is_refused_and_the_refusal_names_the_part(outcomes):
    wrong = [
        f"{case.name}: {got.kind} {got.message[:200]}"
        for case, got in outcomes
        if not fits(got.kind, case.expected) or not re.search(case.names, got.message)
    ]

    assert wrong == []


def test_a_refusal_costs_less_than_a_second_and_200_megabytes(outcomes):
    costly = [
        (case.name, round(got.seconds, 2), got.bytes >> 20)
        for case, got in outcomes
        if got.seconds > SECONDS or got.bytes > BYTES
    ]

    assert costly == []


def test_nothing_outside_is_opened_and_nothing_is_run(outcomes):
    acts = {case.name: got.acts for case, got in outcomes if got.acts}

    assert acts == {}


def test_messages_are_short_and_printable(outcomes):
    odd = {
        case.name: got.message[:80]
        for case, got in outcomes
        if len(got.message) > 2000 or not got.message.replace("\n", "").isprintable()
    }

    assert odd == {}
