"""Arithmetic written as text -> ONNX: what stands in for a layer whose Python code is in no one's
hands.

    x / 127.5 - 1.0        abs(x[0] - x[1])        lambda t: K.mean(t, axis=-1, keepdims=True)

The text is parsed, never run: numbers, the inputs, operators, comparisons, slices, and functions by
their names: those of ``keras.ops`` (bare, or after ``ops.`` or ``np.``), of Keras 2's backend
(after ``K.``), where defaults differ, and of TensorFlow (after ``tf.``).
"""

from __future__ import annotations

import ast
import re
from math import e, pi
from typing import TYPE_CHECKING

from keramos.compile.onnx.graph import Value
from keramos.compile.operations.backend import BACKEND, SAME
from keramos.compile.operations.table import KERAS, OPERATIONS
from keramos.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.lowering.record import Operation

MAX_CHARACTERS = 2000
MAX_PARTS = 500


def _snake(name: str) -> str:
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


_SYNONYMS = {
    "acos": "Arccos",
    "asin": "Arcsin",
    "atan": "Arctan",
    "batch_normalization": "BatchNorm",
    "layer_normalization": "LayerNorm",
    "pow": "Power",
    "rms_normalization": "RMSNorm",
    "swish": "Silu",
}
FUNCTIONS: dict[str, Operation] = {
    **{_snake(name): operation for name, operation in KERAS.items()},
    **{name: KERAS[kind] for name, kind in _SYNONYMS.items()},
}
"""Name in keras.ops -> operation."""

_BACKEND = {**{_snake(name): operation for name, operation in SAME.items()}, **BACKEND}
_TENSORFLOW = {
    name.removeprefix("tf."): op
    for name, op in OPERATIONS.items()
    if name.startswith("tf.") and not name.startswith("tf.op.")
}
_TENSORFLOW |= {
    name.removeprefix("math."): op for name, op in _TENSORFLOW.items() if name.startswith("math.")
}
_ROOTS: dict[str, Mapping[str, Operation]] = {
    "": {**BACKEND, **FUNCTIONS},
    "K": _BACKEND,
    "backend": _BACKEND,
    "keras.backend": _BACKEND,
    "keras.ops": FUNCTIONS,
    "math": FUNCTIONS,
    "np": FUNCTIONS,
    "numpy": FUNCTIONS,
    "ops": FUNCTIONS,
    "tf": _TENSORFLOW,
    "tf.keras.backend": _BACKEND,
}
"""What stands before a name -> the functions with such names; the longest counts."""

_NUMBERS = {
    "K.epsilon": 1e-7,
    "math.e": e,
    "math.pi": pi,
    "np.e": e,
    "np.inf": float("inf"),
    "np.pi": pi,
}
_OPERATORS: dict[type, str] = {
    ast.Add: "Add",
    ast.BitAnd: "LogicalAnd",
    ast.BitOr: "LogicalOr",
    ast.Div: "TrueDivide",
    ast.FloorDiv: "FloorDivide",
    ast.MatMult: "Matmul",
    ast.Mod: "Mod",
    ast.Mult: "Multiply",
    ast.Pow: "Power",
    ast.Sub: "Subtract",
    ast.Eq: "Equal",
    ast.Gt: "Greater",
    ast.GtE: "GreaterEqual",
    ast.Lt: "Less",
    ast.LtE: "LessEqual",
    ast.NotEq: "NotEqual",
    ast.Invert: "LogicalNot",
    ast.USub: "Negative",
}


def evaluate(s: LayerCall, text: str) -> Value | tuple[Value, ...]:
    """Append the nodes of an expression over the inputs of a place; ``x`` is the input, or a list
    of several.

    Raises:
        UsageError: the text is not such an expression; says where.
    """
    body, name = _parsed(text)
    inputs: object = s.inputs[0] if len(s.inputs) == 1 else list(s.inputs)
    result = _Reader(s, text, name, inputs).value(body)
    if isinstance(result, Value):
        return result
    if (
        isinstance(result, list | tuple)
        and result
        and all(isinstance(item, Value) for item in result)
    ):
        return tuple(result)
    raise UsageError(f"expression {text!r} does not use its input {name}")


def _parsed(text: str) -> tuple[ast.expr, str]:
    if len(text) > MAX_CHARACTERS:
        raise UsageError(
            f"an expression of {len(text):,} characters is too long; at most {MAX_CHARACTERS:,} "
            "are read"
        )
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        place = f" at column {error.offset}" if isinstance(error, SyntaxError) else ""
        raise UsageError(f"expression {text!r} cannot be read{place}") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_PARTS:
        raise UsageError(f"an expression of more than {MAX_PARTS} parts is not read")
    if not isinstance(tree, ast.Lambda):
        return tree, "x"
    if len(tree.args.args) != 1 or len(ast.dump(tree.args)) > len(
        ast.dump(_one_argument(tree.args.args[0].arg))
    ):
        raise UsageError(
            f"expression {text!r}: a lambda takes one argument, the input or the list of inputs"
        )
    return tree.body, tree.args.args[0].arg


def _one_argument(name: str) -> ast.arguments:
    return ast.arguments(
        posonlyargs=[], args=[ast.arg(name)], kwonlyargs=[], kw_defaults=[], defaults=[]
    )


def _dotted(node: ast.AST) -> str:
    """A name with dots, or something that is none."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def _number_of(node: ast.expr) -> float | None:
    """The number that a name stands for, called or not."""
    return _NUMBERS.get(_dotted(node.func if isinstance(node, ast.Call) else node))


def _unread(node: ast.AST, name: str) -> str:
    if isinstance(node, ast.Name):
        return f"there is no {node.id!r}, the input is {name}"
    return f"{type(node).__name__} is not read"


class _Reader:
    """Walks one expression."""

    def __init__(self, call: LayerCall, text: str, name: str, inputs: object) -> None:
        self.s = call
        self.text = text
        self.name = name
        self.inputs = inputs

    def refuse(self, node: ast.AST, what: str) -> UsageError:
        """The error for a part that is not allowed; raise it."""
        column = getattr(node, "col_offset", 0) + 1
        known = (
            "numbers, the input, + - * / // % ** @, comparisons, slices and functions of "
            "keras.ops, K. or tf. are read"
        )
        return UsageError(f"expression {self.text!r}, column {column}: {what}; {known}")

    def value(self, node: ast.AST) -> object:  # noqa: PLR0911 (one for each kind of part)
        """A part as a tensor, a number, a list, or a text."""
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as found):
                return found
            case ast.Name(id=self.name):
                return self.inputs
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                return self.apply(
                    node, _OPERATORS[type(operator)], self.value(left), self.value(right)
                )
            case ast.UnaryOp(op=operator, operand=operand) if type(operator) in _OPERATORS:
                return self.apply(node, _OPERATORS[type(operator)], self.value(operand))
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if (
                type(operator) in _OPERATORS
            ):
                return self.apply(
                    node, _OPERATORS[type(operator)], self.value(left), self.value(right)
                )
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [self.value(part) for part in parts]
            case ast.Subscript(value=of, slice=key):
                return self.item(node, self.value(of), key)
            case ast.Attribute() | ast.Call(args=[], keywords=[]) if _number_of(node) is not None:
                return _number_of(node)
            case ast.Call():
                return self.call(node)
        raise self.refuse(node, _unread(node, self.name))

    def apply(self, node: ast.AST, kind: str, *operands: object) -> object:
        """An operator; numbers alone are computed here."""
        if all(isinstance(item, int | float) for item in operands):
            return self.number(node, kind, [float(item) for item in operands])  # type: ignore[arg-type] # just checked
        if any(isinstance(item, list) and item is self.inputs for item in operands):
            raise UsageError(
                f"expression {self.text!r} computes with {self.name} as with one tensor; the layer "
                f"has {len(self.s.inputs)} inputs"
            )
        return KERAS[kind].build(self.s, *operands)

    def number(self, node: ast.AST, kind: str, numbers: list[float]) -> float | int:
        """The result of an operator on numbers."""
        functions: dict[str, Callable[..., object]] = {
            "Add": float.__add__,
            "FloorDivide": float.__floordiv__,
            "Mod": float.__mod__,
            "Multiply": float.__mul__,
            "Negative": float.__neg__,
            "Power": float.__pow__,
            "Subtract": float.__sub__,
            "TrueDivide": float.__truediv__,
        }
        try:
            result = functions[kind](*numbers)
        except (KeyError, ArithmeticError):
            raise self.refuse(node, "this has no result") from None
        if not isinstance(result, float):
            raise self.refuse(node, "this has no real result")
        return int(result) if result.is_integer() and kind == "Negative" else result

    def item(self, node: ast.AST, of: object, key: ast.expr) -> object:
        """One of several inputs, or a slice of a tensor."""
        if isinstance(of, Value) and of is self.inputs and isinstance(self.index(key), int):
            raise UsageError(
                f"expression {self.text!r} takes {ast.unparse(node)}; the layer has one input, "
                f"{self.name} itself"
            )
        if isinstance(of, Value):
            parts = key.elts if isinstance(key, ast.Tuple) else [key]
            return KERAS["GetItem"].build(self.s, of, [self.part(part) for part in parts])
        place = self.value(key)
        if (
            not isinstance(of, list)
            or not isinstance(place, int)
            or not -len(of) <= place < len(of)
        ):
            raise UsageError(
                f"expression {self.text!r} takes {ast.unparse(node)}, which does not exist"
            )
        return of[place]

    @staticmethod
    def index(key: ast.expr) -> object:
        """The number by which a tensor is indexed, or None for a slice."""
        try:
            return ast.literal_eval(key)
        except (ValueError, TypeError):
            return None

    def part(self, node: ast.expr) -> object:
        """A slice as Keras writes it."""
        if isinstance(node, ast.Slice):
            ends = {"start": node.lower, "stop": node.upper, "step": node.step}
            return {
                "class_name": "__slice__",
                "config": {k: v and self.value(v) for k, v in ends.items()},
            }
        if isinstance(node, ast.Constant) and node.value is Ellipsis:
            return {"class_name": "__ellipsis__", "config": {}}
        return self.value(node)

    def call(self, node: ast.Call) -> object:
        """A function of keras.ops, of Keras 2's backend, or of TensorFlow."""
        called = _dotted(node.func)
        root = next(
            (r for r in sorted(_ROOTS, key=len, reverse=True) if r and called.startswith(f"{r}.")),
            "",
        )
        name = called.removeprefix(f"{root}.") if root else called
        known = _ROOTS[root]
        operation = known.get(name) or (
            known.get(name.rpartition(".")[2]) if known is FUNCTIONS else None
        )
        if operation is None:
            raise self.refuse(node, f"there is no function {ast.unparse(node.func)!r}")
        unknown = [word.arg for word in node.keywords if word.arg not in operation.options]
        if unknown:
            raise self.refuse(node, f"{called} has no argument {unknown[0]!r}")
        words = {str(word.arg): self.value(word.value) for word in node.keywords}
        positional = [self.value(part) for part in node.args]
        try:
            return operation.build(self.s, *self.placed(operation, positional, words), **words)
        except TypeError:
            raise self.refuse(node, f"{called} cannot take these arguments") from None

    @staticmethod
    def placed(
        operation: Operation, positional: list[object], words: dict[str, object]
    ) -> list[object]:
        """Arguments by position that the function here takes by name alone go among the named
        ones.
        """
        code = operation.build.__code__
        count = code.co_argcount - 1
        if code.co_flags & 0x04:  # it takes any number
            return positional
        names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        words.update(zip(names, positional[count:], strict=False))
        return positional[:count]
