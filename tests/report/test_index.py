"""The page of all models searches, groups, and stays small however many there are."""

import re

import pytest

from keramos.errors import NotServedError
from keramos.report.index_groups import grouped
from keramos.report.pages import Pages


class Catalogue:
    """Names alone; no version answers."""

    def __init__(self, names):
        self._names = tuple(sorted(names))

    def names(self):
        return self._names

    def statuses(self, _name):
        return ()

    def labels(self, _name):
        return {}

    def get(self, _ref):
        raise NotServedError("no version answers")


def page(names, query=""):
    found = Pages(Catalogue(names))("/", query)
    return found.body.decode()


def listed(html):
    return re.findall(r'<a href="/models/([^"]+)">', html)


THOUSAND = [f"{kind}-{n:03}" for kind in ("credit", "churn", "fraud", "price") for n in range(250)]


def test_a_search_lists_the_names_with_all_its_words():
    assert listed(page(THOUSAND, "q=Churn+07")) == [
        f"churn-{n:03}" for n in (7, *range(70, 80), 107, 207)
    ]
    assert listed(page(THOUSAND, "q=nothing")) == []


def test_a_thousand_models_are_grouped_and_not_all_on_one_page():
    html = page(THOUSAND)
    assert len(listed(html)) == 120
    assert "880 more models are not listed" in html
    assert len(html) < 100_000


def test_few_models_have_no_search_and_no_groups():
    html = page(["a", "b-1", "b-2"])
    assert "search" not in html.replace('role="search"', "")
    assert "<h2>" not in html


def test_what_is_asked_is_never_markup():
    assert "<script>" not in page(THOUSAND, "q=%3Cscript%3E")


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ([], [("", [])]),
        (["b", "a"], [("", ["b", "a"])]),
        (
            [*(f"a-{n}" for n in range(8)), "b", "c_1", "c_2"],
            [("a", [f"a-{n}" for n in range(8)]), ("c", ["c_1", "c_2"]), ("", ["b"])],
        ),
        (["-", *"abcdefgh"], [("", ["-", *"abcdefgh"])]),
    ],
)
def test_names_that_begin_alike_are_together(names, groups):
    assert grouped(names) == groups
