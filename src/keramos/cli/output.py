"""Lines of output: names from files and tables cannot begin a line of their own."""

from __future__ import annotations

import click

from keramos.errors import escaped


def say(*lines: str, err: bool = False) -> None:
    """Write lines, each with what cannot be printed escaped."""
    click.echo("\n".join(map(escaped, lines)), err=err)
