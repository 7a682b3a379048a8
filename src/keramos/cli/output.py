"""Lines of output: names from files and tables cannot begin a line of their own; --quiet keeps
remarks away.
"""

from __future__ import annotations

import click

from keramos.errors import escaped

_KEY = "keramos.quiet"


def _note(context: click.Context, _: click.Parameter, given: bool) -> None:  # noqa: FBT001 (click's)
    context.meta[_KEY] = given


QUIET = click.Option(
    ["-q", "--quiet"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_note,
    help="Write results and errors alone: no remarks, no progress.",
)
"""The option that every command has."""


def is_quiet() -> bool:
    """Whether the command has --quiet."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_KEY))


def say(*lines: str, err: bool = False) -> None:
    """Write lines, each with what cannot be printed escaped."""
    click.echo("\n".join(map(escaped, lines)), err=err)


def remark(*lines: str, err: bool = False) -> None:
    """As ``say``, but nothing with --quiet: what is said beside a result."""
    if not is_quiet():
        say(*lines, err=err)
