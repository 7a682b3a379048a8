"""What the source of an app says about its pictures. It is read as a syntax tree, never run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from keramos.platform.read_file import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Fit = Literal["crop", "stretch"]
Method = Literal["nearest", "bilinear", "bicubic", "lanczos"]

_MOST_BYTES = 1 << 20
_LARGEST_BYTE = 255
_FITS: dict[str, tuple[Fit, Method]] = {
    "ImageOps.fit": ("crop", "lanczos"),
    "load_img": ("stretch", "nearest"),
    "cv2.resize": ("stretch", "bilinear"),
    ".resize": ("stretch", "bicubic"),
}
"""A call, by its end -> how it fits a picture, with its default method."""


@dataclass(frozen=True, slots=True)
class Hint:
    """One statement of the source: what it decides, its value, and the file and line."""

    what: str
    value: str
    where: str


def hints(paths: Sequence[str]) -> list[Hint]:
    """Scales and fits that the sources state, in their order."""
    return [hint for path in paths if path.endswith(".py") for hint in _of_file(Path(path))]


def _of_file(path: Path) -> Iterator[Hint]:
    try:
        tree = ast.parse(read_file(path, _MOST_BYTES).decode(errors="replace"))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        for what, value in _said(node):
            yield Hint(what, value, f"{path.name}:{getattr(node, 'lineno', 0)}")


def _said(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
        if isinstance(node.op, ast.Sub) and _is_divided(node.left, (127.5, 127.0, 127)):
            yield "scale", "-1..1"
        elif _is_divided(node, (255, 255.0)):
            yield "scale", "0..1"
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
        value = getattr(node.value, "value", None)
        if value == _LARGEST_BYTE:
            yield "scale", "0..1"
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        found = next((name for name in _FITS if called.endswith(name)), None)
        if found:
            yield "fit", found


def _is_divided(node: ast.AST, by: tuple[float, ...]) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and getattr(node.right, "value", None) in by
    )


def fit_of(call: str) -> tuple[Fit, Method]:
    """How a call fits a picture, and by which method."""
    return _FITS[call]
