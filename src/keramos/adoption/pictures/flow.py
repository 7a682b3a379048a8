"""The ways that pictures go through the source of an app, from a file to ``model.predict``.

Syntax trees are followed with pictures in place of values and constants where they are known; no
code runs. A function that the source calls is followed where it is called; another one (a route, a
callback) begins with pictures as its parameters.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keramos.adoption.pictures.code import families_of
from keramos.adoption.pictures.steps import Called, by_number, most_told, source_of, step
from keramos.adoption.pictures.way import Way
from keramos.adoption.source import trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_DEEPEST = 6
_MOST_STEPS = 60_000
_PREDICTS = frozenset({"predict", "predict_on_batch", "predict_classes", "predict_proba",
                       "set_tensor", "predict_step"})  # fmt: skip
_TRAINS = frozenset({"fit", "fit_generator", "flow"})
_NO_PICTURES = ("path", "file", "name", "url", "text", "self", "cls", "event", "request", "model",
                "bytes", "data_dir", "dir", "label", "args")  # fmt: skip
"""Ends of names of parameters that are no pictures."""
_LOADS = frozenset({"load_model", "model_from_json", "from_pretrained", "Interpreter"})
_WHOLE = frozenset({"...,:3", ":,:,:3", "...,0:3", ":,:,0:3", ":", "...", "0,:", ":,:,:,:3"})
"""Subscripts that leave a picture as it is, but for its alpha."""
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
_CHANGES: dict[type[ast.operator], tuple[int, int]] = {
    ast.Add: (1, 0),
    ast.Sub: (-1, 0),
    ast.Mult: (0, 1),
    ast.Div: (0, -1),
}
"""Operator -> sign of a sum, power of a product."""
_MODEL = object()
_Env = dict[str, object]


@dataclass(frozen=True, slots=True)
class Fed:
    """A picture as a model gets it, and where; ``trains`` where that is its training."""

    way: Way
    where: str
    trains: bool = False


@dataclass(slots=True)
class _Walk:
    """One file that is followed."""

    name: str
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]
    families: dict[str, str]
    known: _Env = field(default_factory=dict)
    fed: list[Fed] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    depth: int = 0
    steps: int = 0

    def at(self, node: ast.AST) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 0)}"

    def block(self, body: Iterable[ast.stmt], env: _Env) -> list[object]:
        """The values that statements return."""
        found: list[object] = []
        for node in body:
            self.steps += 1
            if self.steps < _MOST_STEPS:
                found += self.statement(node, env)
        return found

    def statement(self, node: ast.stmt, env: _Env) -> list[object]:
        match node:
            case ast.Return(value=value):
                return [] if value is None else [self.value(value, env)]
            case ast.Assign(targets=targets, value=value):
                found = self.value(value, env)
                for target in targets:
                    self.assign(target, found, env)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.value(value, env), env)
            case ast.AugAssign(target=target, op=op, value=value):
                pair = ast.copy_location(ast.BinOp(target, op, value), node)
                self.assign(target, self.value(pair, env), env)
            case ast.Expr(value=value):
                self.value(value, env)
            case ast.If(test=test, body=body, orelse=orelse):
                return self.branches(test, body, orelse, env)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return []
            case ast.ClassDef(body=body):
                return self.block([one for one in body if isinstance(one, ast.Assign)], env)
            case _:
                return self.inside(node, env)
        return []

    def branches(
        self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], env: _Env
    ) -> list[object]:
        """Both branches from the same state; what the first one changes counts."""
        self.value(test, env)
        other = dict(env)
        found = self.block(body, env)
        found += self.block(orelse, other)
        for name, value in other.items():
            if name not in env or (isinstance(value, Way) and not isinstance(env[name], Way)):
                env[name] = value
        return found

    def inside(self, node: ast.stmt, env: _Env) -> list[object]:
        """Loops, ``with`` and ``try``: their bodies once, in order."""
        for item in getattr(node, "items", ()):
            found = self.value(item.context_expr, env)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, found, env)
        if isinstance(node, (ast.For, ast.AsyncFor)):
            self.assign(node.target, self.value(node.iter, env), env)
        found_all: list[object] = []
        for part in ("body", "handlers", "orelse", "finalbody"):
            for one in getattr(node, part, ()):
                inner = one.body if isinstance(one, ast.ExceptHandler) else [one]
                found_all += self.block(inner, env)
        return found_all

    def assign(self, target: ast.expr, value: object, env: _Env) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            given = value if isinstance(value, (tuple, list)) else [value] * len(target.elts)
            for one, part in zip(target.elts, given, strict=False):
                self.assign(one, part, env)
        elif isinstance(target, ast.Subscript):
            if isinstance(value, Way):
                self.assign(target.value, value, env)
        elif isinstance(target, ast.Attribute):
            self.known[ast.unparse(target)] = value
        elif isinstance(target, ast.Name):
            env[target.id] = value

    def value(self, node: ast.expr, env: _Env) -> object:
        """What an expression is: a picture, a constant, or None where it is not known."""
        self.steps += 1
        found = _VALUES.get(type(node))
        return found(self, node, env) if found and self.steps < _MOST_STEPS else None

    def several(self, node: ast.Tuple | ast.List, env: _Env) -> object:
        values = [self.value(one, env) for one in node.elts]
        way = most_told(values)
        return way if way is not None and len(values) == 1 else tuple(values)

    def each(self, node: ast.ListComp | ast.GeneratorExp, env: _Env) -> object:
        inner = dict(env)
        for one in node.generators:
            self.assign(one.target, self.value(one.iter, env), inner)
        return self.value(node.elt, inner)

    def either(self, node: ast.IfExp, env: _Env) -> object:
        values = [self.value(one, env) for one in (node.body, node.orelse)]
        return next((one for one in values if one is not None), None)

    def negative(self, node: ast.UnaryOp, env: _Env) -> object:
        found = self.value(node.operand, env)
        minus = isinstance(node.op, ast.USub) and isinstance(found, (int, float))
        return -found if minus else None  # type: ignore[operator]  # it is a number

    def arithmetic(self, node: ast.BinOp, env: _Env) -> object:
        left, right = self.value(node.left, env), self.value(node.right, env)
        where = self.at(node)
        if isinstance(node.left, (ast.List, ast.Tuple)) and most_told([left]):
            return most_told([left]).other(f"{where} repeats it")  # type: ignore[union-attr]  # it is one
        way = left if isinstance(left, Way) else right
        if isinstance(way, Way):
            return self.changed(way, left, right, node.op, where)
        if isinstance(left, tuple) and isinstance(right, tuple) and isinstance(node.op, ast.Add):
            return left + right
        found = _OPERATORS.get(type(node.op))
        if found and isinstance(left, (int, float)) and isinstance(right, (int, float)):
            try:
                return found(left, right)
            except (ArithmeticError, ValueError):
                return None
        return None

    @staticmethod
    def changed(way: Way, left: object, right: object, op: ast.operator, where: str) -> Way:
        change = _CHANGES.get(type(op))
        if change is None or (isinstance(left, Way) and isinstance(right, Way)):
            return way.other(f"{where} reckons with more than one number")
        if left is way:
            return by_number(way, right, *change, where)
        sign, power = change
        if power < 0:
            return way.other(f"{where} divides by the picture")
        if sign < 0:
            return by_number(by_number(way, -1, 0, 1, where), left, 1, 0, where)
        return by_number(way, left, sign, power, where)

    def part(self, node: ast.Subscript, env: _Env) -> object:
        """A picture with its colours turned, one of a batch, or a part of it."""
        whole = self.value(node.value, env)
        if isinstance(whole, Way):
            return _cut(whole, ast.unparse(node.slice), self.at(node))
        if not isinstance(whole, tuple):
            return None
        place = self.value(node.slice, env)
        if type(place) is int and -len(whole) <= place < len(whole):
            return whole[place]
        return most_told(whole)

    def call(self, node: ast.Call, env: _Env) -> object:
        on = self.value(node.func.value, env) if isinstance(node.func, ast.Attribute) else None
        args = tuple(self.value(one, env) for one in node.args)
        options = {one.arg: self.value(one.value, env) for one in node.keywords if one.arg}
        name = ast.unparse(node.func)
        words = (*map(ast.unparse, node.args), *(ast.unparse(one.value) for one in node.keywords))
        called = Called(name, self.at(node), args, options, words)
        if called.last in _LOADS:
            return _MODEL
        asks = env.get(name, self.known.get(name)) is _MODEL or called.last in _PREDICTS
        if asks or (called.last in _TRAINS and "ImageOps" not in name):
            self.feed(called, trains=not asks)
            return None
        if (found := source_of(called)) is not None:
            return found
        if called.last in self.functions and not isinstance(on, Way):
            return self.follow(called)
        return self.after(called, on, env, node)

    def after(self, called: Called, on: object, env: _Env, node: ast.Call) -> object:
        """What a call that is not followed gives."""
        given = called.picture
        if called.last == "append" and isinstance(node.func, ast.Attribute) and given:
            self.assign(node.func.value, given, env)
            return None
        if called.last == "train_test_split" and given:
            return (given, given, None, None)
        way = on if isinstance(on, Way) else given
        if way is not None:
            return step(way, called, self.families)
        if called.last == "read" and not called.args and "cap" in called.name.lower():
            return (None, Way("opencv", "BGR"))
        plain = called.last in {"array", "asarray", "list", "tuple", "constant"}
        return called.args[0] if plain and called.args else None

    def feed(self, called: Called, *, trains: bool) -> None:
        if (given := called.picture) is not None:
            self.fed.append(Fed(given, called.where, trains))

    def follow(self, called: Called) -> object:
        """A function of the source with what it is given."""
        function = self.functions[called.last]
        self.called.add(called.last)
        if self.depth >= _DEEPEST:
            return None
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        names = names[1:] if names[:1] in (["self"], ["cls"]) else names
        env: _Env = dict(zip(names[::-1], self._defaults(function), strict=False))
        env |= dict(zip(names, called.args, strict=False)) | called.options
        self.depth += 1
        found = self.block(function.body, env)
        self.depth -= 1
        return most_told(found) or next((one for one in found if one is not None), None)

    def _defaults(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[object]:
        """The values that parameters have where none are given, the last first."""
        return [self.value(one, {}) for one in function.args.defaults[::-1]]

    def alone(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """A function that nothing in the source calls."""
        env: _Env = {}
        for one in (*function.args.posonlyargs, *function.args.args):
            if not one.arg.lower().endswith(_NO_PICTURES):
                env[one.arg] = Way("given")
        self.block(function.body, env)


def _cut(way: Way, text: str, where: str) -> Way:
    """A picture after a subscript."""
    text = text.replace(" ", "").strip("()")
    if text.endswith("::-1") and ("," in text):
        return way.swapped()
    whole = ":" not in text and "..." not in text
    if whole or "axis" in text or "None" in text or text in _WHOLE:
        return way
    return way.other(f"{where} cuts a part out")


_VALUES: dict[type[ast.expr], Callable[[_Walk, Any, _Env], object]] = {
    ast.Constant: lambda walk, node, env: node.value,  # noqa: ARG005 (the others need them)
    ast.Name: lambda walk, node, env: env.get(node.id, walk.known.get(node.id)),
    ast.Attribute: lambda walk, node, env: walk.known.get(ast.unparse(node)),  # noqa: ARG005 (as above)
    ast.Tuple: _Walk.several,
    ast.List: _Walk.several,
    ast.BinOp: _Walk.arithmetic,
    ast.UnaryOp: _Walk.negative,
    ast.Call: _Walk.call,
    ast.Subscript: _Walk.part,
    ast.Await: lambda walk, node, env: walk.value(node.value, env),
    ast.Starred: lambda walk, node, env: walk.value(node.value, env),
    ast.NamedExpr: lambda walk, node, env: walk.value(node.value, env),
    ast.Dict: lambda walk, node, env: most_told([walk.value(one, env) for one in node.values]),
    ast.IfExp: _Walk.either,
    ast.ListComp: _Walk.each,
    ast.GeneratorExp: _Walk.each,
}
"""Class of an expression -> its value; each takes nodes of its own class alone."""


def ways_of(paths: Sequence[str]) -> list[Fed]:
    """The pictures that models are fed, as sources of Python and notebooks prepare them; those that
    are asked come before those that train.
    """
    ordered = sorted(paths, key=lambda path: not path.endswith(".py"))
    found = list(trees(ordered))
    functions = {
        node.name: node
        for _, tree in reversed(found)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    fed: list[Fed] = []
    for name, tree in found:
        fed += _of_file(name, tree, functions)
    return sorted(fed, key=lambda one: one.trains)


def _of_file(
    name: str,
    tree: ast.Module,
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef],
) -> list[Fed]:
    own = [node for node in ast.walk(tree)
           if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]  # fmt: skip
    walk = _Walk(name, functions | {one.name: one for one in own}, dict(families_of(tree)))
    try:
        walk.block(tree.body, walk.known)
        for one in sorted(own, key=lambda one: one.name != "__init__"):
            if one.name not in walk.called:
                walk.alone(one)
        if not walk.fed:
            for one in own:
                walk.alone(one)
    except RecursionError:
        return []
    return walk.fed
