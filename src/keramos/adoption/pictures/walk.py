"""The statements and expressions of one file, with pictures and known constants in place of values;
no code runs.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keramos.adoption.pictures.code import METHODS_OF_WORDS
from keramos.adoption.pictures.steps import Called, by_number, most_told, source_of, step
from keramos.adoption.pictures.way import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
_TURNED = frozenset({"...,::-1", ":,:,::-1", ":,:,:,::-1", "0,:,:,::-1"})
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
class Walk:
    """One file that is followed."""

    name: str
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]
    families: dict[str, str]
    known: _Env = field(default_factory=dict)
    fed: list[Fed] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    depth: int = 0
    steps: int = 0

    def _at(self, node: ast.AST) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 0)}"

    def block(self, body: Iterable[ast.stmt], env: _Env) -> list[object]:
        """The values that statements return."""
        found: list[object] = []
        for node in body:
            self.steps += 1
            if self.steps < _MOST_STEPS:
                found += self._statement(node, env)
        return found

    def _statement(self, node: ast.stmt, env: _Env) -> list[object]:
        match node:
            case ast.Return(value=value):
                return [] if value is None else [self.value(value, env)]
            case ast.Assign(targets=targets, value=value):
                found = self.value(value, env)
                for target in targets:
                    self._assign(target, found, env)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, self.value(value, env), env)
            case ast.AugAssign(target=target, op=op, value=value):
                pair = ast.copy_location(ast.BinOp(target, op, value), node)
                self._assign(target, self.value(pair, env), env)
            case ast.Expr(value=value):
                self.value(value, env)
            case ast.If(test=test, body=body, orelse=orelse):
                return self._branches(test, body, orelse, env)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return []
            case ast.ClassDef(body=body):
                return self.block([one for one in body if isinstance(one, ast.Assign)], env)
            case _:
                return self._inside(node, env)
        return []

    def _branches(
        self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], env: _Env
    ) -> list[object]:
        """The branch that is taken where that is known; else both from the same state: what the
        first one changes counts, and two ways are told.
        """
        known = self.value(test, env)
        if isinstance(known, bool):
            return self.block(body if known else orelse, env)
        before, other = dict(env), dict(env)
        found = self.block(body, env)
        found += self.block(orelse, other)
        for name, value in other.items():
            old = before.get(name)
            if not isinstance(value, Way) or value == env.get(name):
                env.setdefault(name, value)
            elif env.get(name) == old or not isinstance(env.get(name), Way):
                env[name] = value if value != old else env.get(name)
            elif value != old:
                env[name] = env[name].other(f"{self._at(test)} decides between two ways")  # type: ignore[attr-defined]  # a way
        return found

    def _inside(self, node: ast.stmt, env: _Env) -> list[object]:
        """Loops, ``with`` and ``try``: their bodies once, in order."""
        for item in getattr(node, "items", ()):
            found = self.value(item.context_expr, env)
            if item.optional_vars is not None:
                self._assign(item.optional_vars, found, env)
        if isinstance(node, (ast.For, ast.AsyncFor)):
            self._assign(node.target, self.value(node.iter, env), env)
        before = dict(env)
        found_all = self._parts(node, env)
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            self._again(node, before, env)
        return found_all

    def _parts(self, node: ast.stmt, env: _Env) -> list[object]:
        found: list[object] = []
        for part in ("body", "handlers", "orelse", "finalbody"):
            for one in getattr(node, part, ()):
                inner = one.body if isinstance(one, ast.ExceptHandler) else [one]
                found += self.block(inner, env)
        return found

    def _again(self, loop: ast.stmt, before: _Env, env: _Env) -> None:
        """A loop once more, where it changed pictures: those that change each time are told."""
        changed = [
            name
            for name, value in env.items()
            if isinstance(value, Way)
            and isinstance(before.get(name), Way)
            and value != before[name]
        ]
        if not changed:
            return
        fed, second = len(self.fed), dict(env)
        self._parts(loop, second)
        del self.fed[fed:]
        for name in changed:
            if (way := env[name]) != second[name] and isinstance(way, Way):
                env[name] = way.other(f"{self._at(loop)} changes it in a loop")

    def _assign(self, target: ast.expr, value: object, env: _Env) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            given = value if isinstance(value, (tuple, list)) else [value] * len(target.elts)
            for one, part in zip(target.elts, given, strict=False):
                self._assign(one, part, env)
        elif isinstance(target, ast.Subscript):
            if isinstance(value, Way):
                self._assign(target.value, value, env)
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
        """A tuple or a list; of one picture, that picture."""
        values = [self.value(one, env) for one in node.elts]
        way = most_told(values)
        return way if way is not None and len(values) == 1 else tuple(values)

    def each(self, node: ast.ListComp | ast.GeneratorExp, env: _Env) -> object:
        """What one turn of a comprehension gives."""
        inner = dict(env)
        for one in node.generators:
            self._assign(one.target, self.value(one.iter, env), inner)
        return self.value(node.elt, inner)

    def either(self, node: ast.IfExp, env: _Env) -> object:
        """The side that is taken, or both where that is not known."""
        known = self.value(node.test, env)
        if isinstance(known, bool):
            return self.value(node.body if known else node.orelse, env)
        first, second = (self.value(one, env) for one in (node.body, node.orelse))
        if isinstance(first, Way) and isinstance(second, Way) and first != second:
            return first.other(f"{self._at(node)} decides between two ways")
        return second if first is None else first

    def compared(self, node: ast.Compare, env: _Env) -> object:
        """Whether two constants are equal; None where one is not known."""
        left, right = self.value(node.left, env), self.value(node.comparators[0], env)
        if isinstance(left, Way):
            return left.other(f"{self._at(node)} compares its pixels")
        same = type(left) is type(right) and isinstance(left, (str, int, bool))
        if not same or len(node.ops) > 1 or not isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            return None
        return (left == right) is isinstance(node.ops[0], ast.Eq)

    def of_dict(self, node: ast.Dict, env: _Env) -> object:
        """A picture among the values, or the values by known names."""
        values = [self.value(one, env) for one in node.values]
        keys = [self.value(one, env) if one else None for one in node.keys]
        plain = {key: one for key, one in zip(keys, values, strict=True) if isinstance(key, str)}
        return most_told(values) or plain

    def _opposite(self, node: ast.UnaryOp, env: _Env) -> object:
        found = self.value(node.operand, env)
        return not found if isinstance(found, bool) else None

    def negative(self, node: ast.UnaryOp, env: _Env) -> object:
        """A number of the other sign, or the opposite of a known truth."""
        if isinstance(node.op, ast.Not):
            return self._opposite(node, env)
        found = self.value(node.operand, env)
        minus = isinstance(node.op, ast.USub) and isinstance(found, (int, float))
        return -found if minus else None  # type: ignore[operator]  # it is a number

    def arithmetic(self, node: ast.BinOp, env: _Env) -> object:
        """A number, a joined tuple, or a picture that was reckoned with."""
        left, right = self.value(node.left, env), self.value(node.right, env)
        where = self._at(node)
        if isinstance(node.left, (ast.List, ast.Tuple)) and most_told([left]):
            return most_told([left]).other(f"{where} repeats it")  # type: ignore[union-attr]  # it is one
        way = left if isinstance(left, Way) else right
        if isinstance(way, Way):
            return self._changed(way, left, right, node.op, where)
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
    def _changed(way: Way, left: object, right: object, op: ast.operator, where: str) -> Way:
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
            return _cut(whole, ast.unparse(node.slice), self._at(node))
        place = self.value(node.slice, env)
        if isinstance(whole, dict):
            return whole.get(place) if isinstance(place, str) else None
        if not isinstance(whole, tuple):
            return None
        if type(place) is int and -len(whole) <= place < len(whole):
            return whole[place]
        return most_told(whole)

    def call(self, node: ast.Call, env: _Env) -> object:
        """What a call gives; what is fed to a model is noted."""
        on = self.value(node.func.value, env) if isinstance(node.func, ast.Attribute) else None
        args = tuple(self.value(one, env) for one in node.args)
        options = {one.arg: self.value(one.value, env) for one in node.keywords if one.arg}
        name = ast.unparse(node.func)
        words = (*map(ast.unparse, node.args), *(ast.unparse(one.value) for one in node.keywords))
        texts = {one.arg: ast.unparse(one.value) for one in node.keywords if one.arg}
        called = Called(name, self._at(node), args, options, words, texts, isinstance(on, Way))
        if called.last in _LOADS:
            return _MODEL
        asks = env.get(name, self.known.get(name)) is _MODEL or called.last in _PREDICTS
        if asks or (called.last in _TRAINS and "ImageOps" not in name):
            self._feed(called, trains=not asks)
            return None
        if (found := source_of(called)) is not None:
            return found
        if called.last in self.functions and not isinstance(on, Way):
            return self._follow(called)
        return self._after(called, on, env, node)

    def _after(self, called: Called, on: object, env: _Env, node: ast.Call) -> object:
        """What a call that is not followed gives."""
        given = called.picture
        if called.last == "append" and isinstance(node.func, ast.Attribute) and given:
            self._assign(node.func.value, given, env)
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

    def _feed(self, called: Called, *, trains: bool) -> None:
        if (given := called.picture) is not None:
            self.fed.append(Fed(given, called.where, trains))

    def _follow(self, called: Called) -> object:
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


def _attribute(walk: Walk, text: str) -> object:
    """What was assigned to it, or the name of a method of resizing."""
    word = text.rpartition(".")[2]
    return walk.known.get(text, text if word in METHODS_OF_WORDS else None)


def _cut(way: Way, text: str, where: str) -> Way:
    """A picture after a subscript."""
    text = text.replace(" ", "").strip("()")
    if text in _TURNED:
        return way.swapped()
    whole = ":" not in text and "..." not in text
    if whole or "axis" in text or "None" in text or text in _WHOLE:
        return way
    return way.other(f"{where} cuts a part out")


_VALUES: dict[type[ast.expr], Callable[[Walk, Any, _Env], object]] = {
    ast.Constant: lambda walk, node, env: node.value,  # noqa: ARG005 (the others need them)
    ast.Name: lambda walk, node, env: env.get(node.id, walk.known.get(node.id)),
    ast.Attribute: lambda walk, node, env: _attribute(walk, ast.unparse(node)),  # noqa: ARG005 (as above)
    ast.Tuple: Walk.several,
    ast.List: Walk.several,
    ast.BinOp: Walk.arithmetic,
    ast.UnaryOp: Walk.negative,
    ast.Call: Walk.call,
    ast.Subscript: Walk.part,
    ast.Await: lambda walk, node, env: walk.value(node.value, env),
    ast.Starred: lambda walk, node, env: walk.value(node.value, env),
    ast.NamedExpr: lambda walk, node, env: walk.value(node.value, env),
    ast.Dict: Walk.of_dict,
    ast.Compare: Walk.compared,
    ast.IfExp: Walk.either,
    ast.ListComp: Walk.each,
    ast.GeneratorExp: Walk.each,
}
"""Class of an expression -> its value; each takes nodes of its own class alone."""
