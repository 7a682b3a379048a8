"""The page of errors says what the classes say."""

from pathlib import Path

from keramos.report.errors import page


def test_the_page_of_errors_is_as_the_classes_are():
    written = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")

    assert written == page(), "run make docs"
