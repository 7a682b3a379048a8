"""The status of a page: a wrong address is the client's fault, a model on its way is not."""

from __future__ import annotations

import pytest

from keramos.report.pages import Pages
from keramos.serving.registry.registry import ModelRegistry
from keramos.types.serving import State, VersionStatus
from support.served_models import matrix_model


@pytest.fixture(scope="module")
def pages():
    registry = ModelRegistry()
    registry.add("m", 3, matrix_model())
    registry.report("m", VersionStatus(4, State.LOADING))
    registry.report("m", VersionStatus(5, State.END, "INTERNAL", "it failed"))
    registry.set_labels("m", {"stable": 3, "next": 4})
    registry.report("alone", VersionStatus(1, State.END, "INTERNAL", "it failed"))
    return Pages(registry)


@pytest.mark.parametrize("view", ["", "/explain", "/check", "/drift"])
@pytest.mark.parametrize(
    ("name", "query", "status"),
    [
        ("m", "", 200),
        ("m", "version=", 200),
        ("m", "version=3", 200),
        ("m", "version=03", 200),
        ("m", "label=stable", 200),
        ("m", "version=77", 404),
        ("m", "version=999999999999999999", 404),
        ("m", "label=nope", 404),
        ("nope", "", 404),
        ("nope", "label=stable", 404),
        ("m", "version=4", 503),
        ("m", "version=5", 503),
        ("m", "label=next", 503),
        ("alone", "", 503),
        ("m", "version=-1", 400),
        ("m", "version=1.0", 400),
        ("m", "version=3%20", 400),
        ("m", "version=%D9%A3", 400),
        ("m", "version=" + "9" * 5000, 400),
        ("m", "version=stable", 400),
    ],
)
def test_the_status_of_a_page_says_whose_fault_it_is(pages, name, query, status, view):
    assert pages(f"/models/{name}{view}", query).status == status
