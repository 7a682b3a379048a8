"""What the shell completes beside commands, options and files: columns of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    Completes = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

PATH = click.Path(readable=False)
"""A file, a folder or a URL: the shell completes files, and the command says what is wrong."""


def columns_of(argument: str) -> Completes:
    """Columns of the first table that an argument names."""

    def complete(context: click.Context, _: click.Parameter, word: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        given = context.params.get(argument)
        # Arguments are not assigned yet where the line ends with the name of an option.
        paths = [*(given if isinstance(given, tuple) else [given or ""]), *context.args]
        names = next(filter(None, (_names(str(path)) for path in paths if path)), ())
        return [CompletionItem(name) for name in names if name.startswith(word)]

    return complete


def _names(path: str) -> tuple[str, ...]:
    """Names of the columns of a text file, from its header alone."""
    from keramos.data.delimited import dialect_of
    from keramos.errors import KeramosError
    from keramos.scoring.blocks import open_text
    from keramos.scoring.formats import format_of
    from keramos.scoring.sources import find

    try:
        form = format_of(path)
        if form is None or form.name not in {"csv", "tsv"}:
            return ()
        return dialect_of(open_text(find(path)[0], form)).names
    except (OSError, KeramosError):
        return ()
