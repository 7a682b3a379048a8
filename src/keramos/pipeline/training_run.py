"""What a training gives: a network with all that its file will hold beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keramos.artifact.write import write
from keramos.inference.summary import as_text, content_lines, trace_lines
from keramos.pipeline.compile_config import compile_config

if TYPE_CHECKING:
    from pathlib import Path

    from keramos.types.artifact import Content
    from keramos.types.network import Network
    from keramos.types.schema import Split


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished training: the network with its preparation in front, and all that the file will
    hold beside it.

    ``split`` counts rows that have a target, from 0.
    """

    network: Network
    content: Content
    split: Split
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """Columns, target, rule, quality and the course of training."""
        return as_text("keramos training", self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        trace = self.content.trace
        return [*content_lines(self.content), *(trace_lines(trace) if trace else [])]

    def _repr_html_(self) -> str:
        from keramos.drawing import notebook  # noqa: PLC0415 (only notebooks draw)

        trace = self.content.trace
        drawn = [notebook.training(trace)] if trace else []
        return notebook.view("keramos training", notebook.pairs(self._lines()), *drawn)

    def save(self, path: str | Path) -> None:
        """Write one ``.h5`` or ``.keras`` file, completely or not at all.

        Raises:
            UsageError: the extension is unknown.
            SaveError: the file could not be written; what was there before is untouched.
        """
        trace = self.content.trace
        write(path, self.network, self.content, None if trace is None else compile_config(trace))
