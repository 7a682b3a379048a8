"""The option --json of every command that reports; a failure is reported as JSON then, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    Decorator = Callable[[Callable[..., None]], Callable[..., None]]

_KEY = "keramos.json"


def json_option(words: str = "Report as JSON.") -> Decorator:
    """``--json``, given to a command as ``as_json``; ``words`` are its line of help."""
    # Eager: a fault of another option is reported as JSON wherever --json stands.
    return click.option(
        "--json", "as_json", is_flag=True, is_eager=True, callback=_note, help=words
    )


def _note(context: click.Context, _: click.Parameter, given: bool) -> bool:  # noqa: FBT001 (click's)
    context.meta[_KEY] = given
    return given


def wants_json(context: click.Context) -> bool:
    """Whether the command line of this context has ``--json``."""
    return bool(context.meta.get(_KEY))
