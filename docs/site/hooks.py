"""What the site's theme leaves out for readers who use a screen reader."""

SEARCH = 'data-md-component="search" role="dialog"'


def on_post_page(output: str, **_: object) -> str:
    """Name the dialog of the search."""
    return output.replace(SEARCH, f'{SEARCH} aria-label="Search"')


def on_post_template(output_content: str, **_: object) -> str:
    """The same for the page of addresses that lead nowhere."""
    return on_post_page(output_content)
