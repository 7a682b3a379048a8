"""The option --by of commands that open a model that may hold a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def by_option(command: Callable[..., None]) -> Callable[..., None]:
    """``--by config|graph|graph:NAME``, given to a command as ``by``."""
    return click.option(
        "--by",
        metavar="config|graph|graph:NAME",
        help="What to read of a SavedModel: its Keras config, or the graph of a signature "
        "(default: the config where all of it can run, else serving_default).",
    )(command)
