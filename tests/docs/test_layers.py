"""The page of layers says what the registry says."""

from pathlib import Path

from keramos.report.layers import page


def test_the_page_of_layers_is_as_the_tables_are():
    written = (Path(__file__).parents[2] / "docs" / "layers.md").read_text(encoding="utf-8")

    assert written == page(), "run make docs"
