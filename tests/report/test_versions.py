"""The page that compares two versions of a model."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

import keramos
from keramos.errors import NotServedError
from keramos.report.pages import Pages
from support.built_once import built

pytestmark = pytest.mark.unit
SIZES = [20.0 + at % 50 for at in range(200)]


def _files(folder):
    """Three versions: the second learned the opposite, the third lacks a column."""
    table = {"age": SIZES, "housing": ["own", "rent"] * 100, "kind": ["a", "b", "b", "c"] * 50}
    good = ["good" if size > 44 else "bad" for size in SIZES]
    other = ["bad" if size > 44 else "good" for size in SIZES]
    for number, (risk, drop) in enumerate([(good, []), (other, []), (good, ["kind"])], 1):
        run = keramos.train({**table, "risk": risk}, "risk", recipe="linear", drop=drop)
        run.save(folder / f"{number}.h5")


@dataclass
class One:
    name: str
    version: int
    model: keramos.Model


class Catalogue:
    """Versions 1 to 3 of ``credit``, and one of ``alone``."""

    def __init__(self):
        folder = built("three versions", _files)
        self._models = {number: keramos.load(folder / f"{number}.h5") for number in (1, 2, 3)}

    def statuses(self, name):
        numbers = {"credit": (1, 2, 3), "alone": (1,)}.get(name, ())
        return [SimpleNamespace(version=number, state=30, message="") for number in numbers]

    def labels(self, _name):
        return {}

    def opened(self, ref):
        number = ref.version or (3 if ref.name == "credit" else 1)
        if number not in {status.version for status in self.statuses(ref.name)}:
            raise NotServedError(f"model '{ref.name}' has no version {number}")
        return One(ref.name, number, self._models[number])


@pytest.fixture(scope="module")
def pages():
    return Pages(Catalogue())


def test_rows_that_both_take_are_decided_by_both(pages):
    said = pages("/models/credit/compare", "version=2&with=1").body.decode()

    assert "credit, version 1 and credit, version 2" in said
    assert "0 of the 16 golden rows of the first are decided alike" in said
    assert said.count("class=best") >= 16


def test_columns_and_layers_that_differ_are_listed(pages):
    said = pages("/models/credit/compare", "version=3&with=1").body.decode()

    assert "do not take the same rows" in said
    assert "3 categories: a, b, c" in said
    assert "compare with version 2" in said


def test_the_version_before_is_the_usual_other_one(pages):
    assert "version 2 and credit, version 3" in pages("/models/credit/compare", "").body.decode()
    assert "version 2 and credit, version 1" in (
        pages("/models/credit/compare", "version=1&with=2").body.decode()
    )


def test_another_model_can_be_the_other_one(pages):
    said = pages("/models/credit/compare", "version=2&model=alone").body.decode()

    assert "alone, version 1 and credit, version 2" in said


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/models/alone/compare", ""),
        ("/models/credit/compare", "with=9"),
        ("/models/credit/compare", "model=absent"),
        ("/models/credit/compare", "version=9"),
    ],
)
def test_what_is_not_there_is_not_found(pages, path, query):
    assert pages(path, query).status == 404
