"""A browser, and pages of the server that a file of tests has as ``server``."""

import pytest

from support.browsers import browsing, visiting


@pytest.fixture(scope="module")
def browser():
    """One for each file: as long as it is there, its event loop runs in this thread."""
    with browsing() as opened:
        yield opened


@pytest.fixture
def visit(browser, server):
    with visiting(browser, server) as open_:
        yield open_
