"""What the source of an app says about its series. It is read as a syntax tree, never run."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keramos.adoption.source import trees

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WINDOW = re.compile(
    r"(look_?back|time_?steps?|window(_?(size|length|len))?|seq(uence)?_?(len|length|size)|"
    r"n_?(steps?|past|lags?)(_in)?|past_?(days|steps|window)|history(_size)?|input_width)",
    re.IGNORECASE,
)
_COLUMN_LISTS = re.compile(
    r"(features?|columns?|cols)(_?(names|cols|columns|list))?", re.IGNORECASE
)
_TARGET = re.compile(r"(target|label|y)_?(col(umn)?|name|feature|var(iable)?)?", re.IGNORECASE)
_AS_NUMBERS = frozenset({"values", "to_numpy", "rolling", "pct_change", "diff", "shift"})
_SCALERS = ("MinMaxScaler", "StandardScaler", "RobustScaler", "MaxAbsScaler")
_LOADERS = ("joblib.load", "pickle.load", "load_scaler", "pkl.load")
_LONGEST = 10_000
_WINDOW_AXES = 3  # windows, rows, columns


@dataclass(slots=True)
class Said:
    """What the sources say, each with the file and line.

    ``windows`` are lengths, ``columns`` lists of names that are selected together, ``ranges`` what
    scalers scale to, ``places`` columns of the scaled rows that become the answer, ``loops`` those
    in which a network runs on its own answers, and how often (None: not a number). ``numbers`` are
    those of ``columns`` that become arrays or are scaled, ``targets`` names of what is predicted,
    ``outside`` where windows leave out the last of the scaled columns.
    """

    windows: list[tuple[int, str]] = field(default_factory=list)
    columns: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    ranges: list[tuple[tuple[float, float], str]] = field(default_factory=list)
    places: list[tuple[int, str]] = field(default_factory=list)
    fits: list[str] = field(default_factory=list)
    made: list[tuple[str, str]] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    inverts: list[str] = field(default_factory=list)
    factors: list[str] = field(default_factory=list)
    loops: list[tuple[int | None, str]] = field(default_factory=list)
    numbers: set[tuple[str, ...]] = field(default_factory=set)
    targets: list[tuple[str, str]] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


def said_by(paths: Sequence[str]) -> Said:
    """What the sources say."""
    said = Said()
    for name, tree in trees(paths):
        scalers = set(_scalers(tree))
        for node in ast.walk(tree):
            where = f"{name}:{getattr(node, 'lineno', 0)}"
            _note(said, node, where, scalers)
    return said


def _scalers(tree: ast.Module) -> Iterator[str]:
    """Names to which a scaler is assigned."""
    for node in ast.walk(tree):
        made = node.value if isinstance(node, ast.Assign) else None
        if isinstance(made, ast.Call) and ast.unparse(made.func).rpartition(".")[2] in _SCALERS:
            yield from (ast.unparse(one) for one in node.targets)  # type: ignore[attr-defined]


def _note(said: Said, node: ast.AST, where: str, scalers: set[str]) -> None:
    if isinstance(node, ast.Assign):
        _assigned(said, node, where)
    elif isinstance(node, ast.Subscript):
        _selected(said, node, where)
    elif isinstance(node, ast.Attribute) and node.attr in _AS_NUMBERS:
        said.numbers.update(_names_of(node.value))
    elif isinstance(node, ast.Call):
        _called(said, node, where, scalers)
    elif isinstance(node, (ast.For, ast.While)) and _goes_on(node):
        said.loops.append((_rounds(node), where))
    elif isinstance(node, ast.BinOp) and _is_factor(node):
        said.factors.append(where)


def _goes_on(node: ast.For | ast.While) -> bool:
    """Whether a loop predicts and moves its window: ``append``, ``concatenate`` or ``roll`` of what
    it cuts by ``[1:]``.
    """
    inside = [one for part in node.body for one in ast.walk(part)]
    called = {
        ast.unparse(one.func).rpartition(".")[2] for one in inside if isinstance(one, ast.Call)
    }
    moved = {"append", "concatenate", "vstack", "hstack", "extend", "roll"} & called
    cut = any(isinstance(one, ast.Slice) and getattr(one.lower, "value", 0) == 1 for one in inside)
    return "predict" in called and bool(moved) and (cut or "roll" in called)


def _rounds(node: ast.For | ast.While) -> int | None:
    """How often a loop over ``range(n)`` runs."""
    over = getattr(node, "iter", None)
    if not isinstance(over, ast.Call) or ast.unparse(over.func) != "range" or len(over.args) != 1:
        return None
    count = getattr(over.args[0], "value", None)
    return count if type(count) is int else None


def _is_factor(node: ast.BinOp) -> bool:
    """``1 / scaler.scale_[0]``, which stock pages multiply answers with."""
    one = isinstance(node.op, ast.Div) and getattr(node.left, "value", None) == 1
    return one and "scale" in ast.unparse(node.right)


def _assigned(said: Said, node: ast.Assign, where: str) -> None:
    name = ast.unparse(node.targets[0])
    value = getattr(node.value, "value", None)
    if type(value) is int and 1 < value <= _LONGEST and _WINDOW.fullmatch(name):
        said.windows.append((value, where))
    if isinstance(value, str) and _TARGET.fullmatch(name):
        said.targets.append((value, where))
    names = _texts(node.value)
    if names and _COLUMN_LISTS.fullmatch(name):
        said.columns.append((names, where))
        said.numbers.add(names)


def _selected(said: Said, node: ast.Subscript, where: str) -> None:
    """``df["Close"]``, ``df[["Open", "Close"]]`` and ``df.iloc[:, 1:2]`` without names."""
    names = _selection(node)
    if names and isinstance(node.ctx, ast.Load):
        said.columns.append((names, where))
    if _leaves_last(node):
        said.outside.append(where)


def _selection(node: ast.Subscript) -> tuple[str, ...]:
    text = getattr(node.slice, "value", None)
    return (text,) if isinstance(text, str) else _texts(node.slice)


def _names_of(node: ast.AST) -> Iterator[tuple[str, ...]]:
    """The columns that an expression selects."""
    for one in ast.walk(node):
        if isinstance(one, ast.Subscript) and (names := _selection(one)):
            yield names


def _leaves_last(node: ast.Subscript) -> bool:
    """``scaled[i - n : i, :-1]``: some rows, and all columns but the last."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
    if len(parts) != 2 or not all(isinstance(one, ast.Slice) for one in parts):  # noqa: PLR2004 (rows, columns)
        return False
    return parts[0].lower is not None and ast.unparse(parts[1]) == ":-1"  # type: ignore[attr-defined]  # slices


def _called(said: Said, node: ast.Call, where: str, scalers: set[str]) -> None:
    called = ast.unparse(node.func)
    end = called.rpartition(".")[2]
    if end in _SCALERS:
        said.made.append((end, where))
        said.ranges += [(_range(node), where)] if end == "MinMaxScaler" else []
    owner = called.rpartition(".")[0]
    if end in {"fit", "fit_transform", "transform"} and "scaler" in owner.lower():
        for one in node.args:
            said.numbers.update(_names_of(one))
    if end in {"fit", "fit_transform"} and (owner in scalers or "scaler" in owner.lower()):
        said.fits.append(where)
    if end == "reshape" and (length := _reshaped(node)):
        said.windows.append((length, where))
    if end == "inverse_transform":
        said.inverts.append(where)
    if called in _LOADERS or called.endswith(_LOADERS):
        said.loads.append(where)
    if end == "filter" and node.args and (names := _texts(node.args[0])):
        said.columns.append((names, where))
    if end == "append" and node.args:
        place = _place(node.args[0])
        said.places += [] if place is None else [(place, where)]


def _reshaped(node: ast.Call) -> int:
    """The rows of a window in ``x.reshape(1, 60, 1)``; 0 for any other shape."""
    for given in (node.args, *(getattr(one, "elts", []) for one in node.args)):
        sizes = [ast.unparse(one) for one in given]
        if len(sizes) == _WINDOW_AXES and sizes[0] in {"1", "-1"} and sizes[1].isdecimal():
            length = int(sizes[1])
            return length if 1 < length <= _LONGEST else 0
    return 0


def _range(node: ast.Call) -> tuple[float, float]:
    given = [one.value for one in node.keywords if one.arg == "feature_range"] or node.args[:1]
    try:
        low, high = ast.literal_eval(given[0])
        return float(low), float(high)
    except (IndexError, TypeError, ValueError):
        return 0.0, 1.0


def _place(node: ast.AST) -> int | None:
    """The column in ``y.append(scaled[i, 3])``: one row and one column."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
        return None
    rows, *rest = node.slice.elts
    if isinstance(rows, ast.Slice) or len(rest) != 1:
        return None
    try:
        place = ast.literal_eval(rest[0])
    except ValueError:
        return None
    return place if type(place) is int else None


def _texts(node: ast.AST) -> tuple[str, ...]:
    if not isinstance(node, (ast.List, ast.Tuple)):
        return ()
    found = [getattr(one, "value", None) for one in node.elts]
    texts = tuple(one for one in found if isinstance(one, str))
    return texts if len(texts) == len(found) else ()
