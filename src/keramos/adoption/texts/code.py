"""What the source of an app says about its texts. It is read as a syntax tree, never run."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from keramos.adoption.source import trees

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keramos.types.texts import Side

_SIDES = ("pre", "post")
_PAD = ("sequences", "maxlen", "dtype", "padding", "truncating", "value")
_CLEANERS = frozenset(
    {"sub", "subn", "translate", "replace", "lemmatize", "stem", "word_tokenize", "isalpha"}
    | {"isalnum", "findall", "normalize", "lemmatize_sentence", "remove_stopwords", "correct"}
)
"""Calls that change a text before the tokenizer has it."""

_CUTTERS = frozenset(
    {"word_tokenize", "wordpunct_tokenize", "RegexpTokenizer", "TweetTokenizer", "lemmatize"}
    | {"stem", "isalnum", "isalpha", "split"}
)
_WORDS = frozenset({"word_tokenize", "lemmatize"})
_LABELS = ("label", "class", "categor", "emotion", "sentiment", "tag", "intent", "topic", "genre")
_DEEPEST = 12
_MOST_VALUES = 20


@dataclass(frozen=True, slots=True)
class Padded:
    """One call of ``pad_sequences``; ``length`` is 0 where the source does not say it."""

    length: int
    padding: Side
    truncating: Side
    value: float
    where: str


@dataclass(frozen=True, slots=True)
class Named:
    """The names of a score below and from a threshold on."""

    below: str
    above: str
    threshold: float
    where: str
    sure: bool = True
    """Whether what loads the model says it."""


@dataclass(slots=True)
class Said:
    """What sources state: paddings, modes of matrices, what calls change a text first, names of
    scores, lists of names.

    ``calls`` are those that make words of a text, with the first place of each; ``lowers`` says by
    place whether the words that are lemmatised are in lower case; ``tokenized`` whether a tokenizer
    is called at all. ``differs`` is a place of training that takes lower case where the app does
    not. ``models`` are the names of files that are loaded as models.
    """

    paddings: list[Padded] = field(default_factory=list)
    modes: list[tuple[str, str]] = field(default_factory=list)
    cleaning: list[str] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    lists: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    calls: dict[str, str] = field(default_factory=dict)
    lowers: dict[str, bool] = field(default_factory=dict)
    tokenized: bool = False
    differs: str = ""
    models: list[str] = field(default_factory=list)


def said_by(paths: Sequence[str]) -> Said:
    """What all sources state, in their order; where the app (what loads a model) says something,
    what other sources say about that does not count.
    """
    found = list(trees(paths))
    functions = {
        node.name: node
        for _, tree in found
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    files = [_of_file(_File(name, tree, functions), tree) for name, tree in found]
    everyone = _joined([said for _, said in files])
    app = _joined([said for loads, said in files if loads])
    cuts = app if _WORDS & app.calls.keys() else everyone
    lowered = [where for where, lower in everyone.lowers.items() if lower]
    return Said(
        app.paddings or everyone.paddings,
        app.modes or everyone.modes,
        app.cleaning if app.tokenized else everyone.cleaning,
        app.named or [replace(one, sure=False) for one in everyone.named],
        [*app.lists, *everyone.lists],
        cuts.calls,
        cuts.lowers,
        everyone.tokenized,
        lowered[0] if lowered and not any(cuts.lowers.values()) else "",
        everyone.models,
    )


def _of_file(file: _File, tree: ast.Module) -> tuple[bool, Said]:
    """Whether a source loads a model, and what it states."""
    said, loads = Said(), False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _of_call(said, file, node)
            if _last(node.func) == "load_model":
                loads = True
                named = file.value(node.args[0]) if node.args else None
                said.models += [named.rstrip("/")] if isinstance(named, str) else []
        elif isinstance(node, (ast.If, ast.IfExp)):
            said.named.extend(_named(file, node))
        elif isinstance(node, ast.Assign) and any(map(_is_labels, node.targets)):
            said.lists.extend((found, file.at(node)) for found in _names(node.value))
    return loads, said


def _joined(parts: Sequence[Said]) -> Said:
    found = Said()
    for said in parts:
        found.paddings += said.paddings
        found.modes += said.modes
        found.cleaning += said.cleaning
        found.named += said.named
        found.lists += said.lists
        found.models += said.models
        found.calls = said.calls | found.calls
        found.lowers |= said.lowers
        found.tokenized = found.tokenized or said.tokenized
    return found


class _File:
    """One source: what its names stand for."""

    def __init__(
        self, name: str, tree: ast.Module, functions: Mapping[str, ast.FunctionDef]
    ) -> None:
        self.name = name
        self.values: dict[str, list[ast.expr]] = {}
        self.functions = functions
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self.values.setdefault(_last(target), []).append(node.value)

    def at(self, node: ast.AST) -> str:
        """File and line."""
        return f"{self.name}:{getattr(node, 'lineno', 0)}"

    def value(self, node: ast.expr | None) -> object:
        """The constant that an expression is; None where it is not one."""
        for _ in range(_DEEPEST):
            if isinstance(node, ast.Constant):
                return node.value
            found = self.values.get(_last(node), []) if node is not None else []
            if not 0 < len(found) <= _MOST_VALUES or len(set(map(ast.unparse, found))) > 1:
                return None
            node = found[0]
        return None


def _last(node: ast.AST) -> str:
    """The name of a variable, an attribute or what is called."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _of_call(said: Said, file: _File, node: ast.Call) -> None:
    called = _last(node.func)
    if called in _CUTTERS:
        said.calls.setdefault(called, file.at(node))
    if called in _WORDS:
        calls = (_last(one.func) for one in ast.walk(node) if isinstance(one, ast.Call))
        where = file.at(node)
        said.lowers[where] = said.lowers.get(where, False) or "lower" in calls
    if called == "pad_sequences":
        said.paddings.extend(_padded(file, node))
    elif called in {"texts_to_matrix", "sequences_to_matrix"}:
        given = next((one.value for one in node.keywords if one.arg == "mode"), None)
        mode = file.value(given or (node.args[1] if len(node.args) > 1 else None)) or "binary"
        said.modes.append((str(mode), file.at(node)))
    if called in {"texts_to_sequences", "texts_to_matrix"} and node.args:
        said.tokenized = True
        said.cleaning.extend(_cleaning(file, node.args[0], set(), 0))


def _padded(file: _File, node: ast.Call) -> Iterator[Padded]:
    given: dict[str, ast.expr] = dict(zip(_PAD, node.args, strict=False))
    given |= {one.arg: one.value for one in node.keywords if one.arg}
    found = {name: file.value(value) for name, value in given.items()}
    padding, truncating = found.get("padding", "pre"), found.get("truncating", "pre")
    if padding not in _SIDES or truncating not in _SIDES:
        return
    length, value = found.get("maxlen"), found.get("value", 0.0)
    yield Padded(
        length if type(length) is int and length > 0 else 0,
        cast("Side", padding),
        cast("Side", truncating),
        float(value) if isinstance(value, (int, float)) else 0.0,
        file.at(node),
    )


def _cleaning(file: _File, node: ast.AST, seen: set[str], depth: int) -> Iterator[str]:
    """What changes the text that an expression gives: the calls in it and in what it stands for."""
    if depth > _DEEPEST:
        return
    if isinstance(node, ast.Call) and _last(node.func) in _CLEANERS:
        yield f"{file.at(node)} calls {_last(node.func)}"
    name = _last(node)
    if _cleans(file, name, set()):
        yield f"{file.at(node)} calls {name}"
    if name and name not in seen:
        seen.add(name)
        for value in file.values.get(name, ()):
            yield from _cleaning(file, value, seen, depth + 1)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.expr, ast.keyword, ast.comprehension)):
            yield from _cleaning(file, child, seen, depth + 1)


def _cleans(file: _File, name: str, seen: set[str]) -> bool:
    """Whether a function of the sources changes a text, itself or by another one."""
    if name not in file.functions or name in seen or len(seen) > _MOST_VALUES:
        return False
    seen.add(name)
    called = {
        _last(node.func) for node in ast.walk(file.functions[name]) if isinstance(node, ast.Call)
    }
    return bool(called & _CLEANERS) or any(_cleans(file, one, seen) for one in sorted(called))


def _named(file: _File, node: ast.If | ast.IfExp) -> Iterator[Named]:
    """``"spam" if score > 0.5 else "ham"``, as an expression or a statement."""
    test = node.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return
    threshold = file.value(test.comparators[0])
    if not isinstance(threshold, float) or not 0 < threshold < 1:
        return
    if isinstance(node, ast.IfExp):
        first, other = _text(node.body), _text(node.orelse)
    else:
        first, other = (
            next(filter(None, map(_text, part)), "") for part in (node.body, node.orelse)
        )
    if not first or not other:
        return
    if isinstance(test.ops[0], (ast.Gt, ast.GtE)):
        yield Named(other, first, threshold, file.at(node))
    elif isinstance(test.ops[0], (ast.Lt, ast.LtE)):
        yield Named(first, other, threshold, file.at(node))


def _text(node: ast.AST) -> str:
    """The first text in a node."""
    for found in ast.walk(node):
        if isinstance(found, ast.Constant) and isinstance(found.value, str) and found.value.strip():
            return found.value
    return ""


def _is_labels(target: ast.expr) -> bool:
    return any(word in _last(target).lower() for word in _LABELS)


def _names(node: ast.expr) -> Iterator[tuple[str, ...]]:
    """A list of texts, or a dict from 0, 1, 2 ... to texts, or back."""
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [one.value for one in node.elts if isinstance(one, ast.Constant)]
        if len(items) == len(node.elts) > 1 and all(isinstance(one, str) for one in items):
            yield tuple(map(str, items))
    if not isinstance(node, ast.Dict):
        return
    pairs = [
        (key.value, value.value)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
    ]
    if len(pairs) != len(node.keys) or len(pairs) < 2:  # noqa: PLR2004 (a class and another)
        return
    numbered = {key: value for key, value in pairs if type(key) is int}
    numbered = numbered or {value: key for key, value in pairs if type(value) is int}
    found = [numbered.get(place) for place in range(len(pairs))]
    if all(isinstance(one, str) for one in found):
        yield tuple(map(str, found))
