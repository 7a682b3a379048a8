"""A browser for all of them, and pages of the server that a file of tests has as ``server``."""

import pytest

from support.browsers import browsing, visiting


@pytest.fixture(scope="package")
def browser():
    with browsing() as opened:
        yield opened


@pytest.fixture
def visit(browser, server):
    with visiting(browser, server) as open_:
        yield open_
