"""The option --limit of every command that opens a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.types.limits import Limits


def limit_option(command: Callable[..., None]) -> Callable[..., None]:
    """``--limit NAME=VALUE``, any number of times, given to a command as one value, ``limits``."""
    return click.option(
        "--limit",
        "limits",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_read,
        help="Raise a safety limit, as in weight_bytes=8589934592 (repeat for more).",
    )(command)


def _read(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> Limits:
    from keramos.types.limits import limits_of

    return limits_of(given)
