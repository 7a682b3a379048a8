"""The option --replace of every command that runs a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def replace_option(command: Callable[..., None]) -> Callable[..., None]:
    """``--replace NAME=EXPRESSION``, any number of times, given to a command as ``replace``."""
    return click.option(
        "--replace",
        multiple=True,
        metavar="NAME=EXPRESSION",
        callback=_read,
        help="What a layer that holds code computes, as in 'scale=x / 127.5 - 1.0'; several inputs "
        "are x[0], x[1] (repeat for more).",
    )(command)


def _read(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, equals, expression = text.partition("=")
        if not name or not equals or not expression.strip():
            raise click.UsageError(f"--replace takes NAME=EXPRESSION; received '{text}'")
        if name in found:
            raise click.UsageError(f"--replace names the layer '{name}' twice")
        found[name] = expression
    return found
