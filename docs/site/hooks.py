"""What the site's theme leaves out: the version that the pages are about, a name of the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.version import __version__

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

SEARCH = 'data-md-component="search" role="dialog"'


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Say at the end of each page which version it describes."""
    config.copyright = f"keramos {__version__}, Apache-2.0"
    return config


def on_post_page(output: str, **_: object) -> str:
    """Name the dialog of the search for screen readers."""
    return output.replace(SEARCH, f'{SEARCH} aria-label="Search"')


def on_post_template(output_content: str, **_: object) -> str:
    """The same for the page of addresses that lead nowhere."""
    return on_post_page(output_content)
