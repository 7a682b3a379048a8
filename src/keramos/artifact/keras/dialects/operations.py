"""Nodes that Keras 2 made of bare TensorFlow calls, as data.

``TFOpLambda`` becomes kind ``tf.<symbol>`` (``tf.math.multiply``): the first argument of a call is
positional, the others are keywords, as TensorFlow names them. ``SlicingOpLambda`` becomes
``tf.slice``: its keyword ``slice_spec`` holds numbers or {start, stop, step} objects.
``TensorFlowOpLayer`` becomes ``tf.op.<OpName>``: config holds the op's attributes as plain values
and ``constants``, input position -> value; a call's tensors are the other inputs in order.
"""

from __future__ import annotations

import binascii
import json
from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError
from keramos.types.attributes import items, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.types.network import Config

_OPTIONS = frozenset(
    {
        *("attr_name", "cls_ref", "cls_symbol", "constants", "dtype", "experimental_autocast"),
        *("function", "method_name", "name", "node_def", "trainable"),
    }
)
"""Keys of their configs."""

_DTYPES = {"DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16", "DT_STRING": "str"}


def operation(kind: str, config: Config) -> tuple[str, Config]:
    """Kind and config of an operation node.

    Raises:
        CorruptModelError: it does not name its operation, or has an option that no Keras writes.
    """
    for key in sorted(config.keys() - _OPTIONS):
        raise CorruptModelError(f"an operation of class {kind} has the unknown option {key[:80]}")
    if kind == "TensorFlowOpLayer":
        return _graph_op(config)
    if kind == "SlicingOpLambda":
        return "tf.slice", {}
    words = [
        config.get(key) for key in ("function", "cls_ref", "cls_symbol", "method_name", "attr_name")
    ]
    symbol = ".".join(str(word) for word in words if word)
    if not symbol:
        raise CorruptModelError("the operation does not name its function", layer_kind=kind)
    return f"tf.{symbol}", {}


def _graph_op(config: Config) -> tuple[str, Config]:
    definition = config.get("node_def")
    if isinstance(definition, str):
        definition = _from_text(definition)
    if not isinstance(definition, dict) or not isinstance(definition.get("op"), str):
        raise CorruptModelError(
            "the operation has no node_def that names its op",
            layer=str(config.get("name")),
        )
    attributes = record(definition.get("attr") or {}, "attr")
    plain = {name: _plain(record(value, name)) for name, value in attributes.items()}
    return f"tf.op.{definition['op']}", {**plain, "constants": config.get("constants") or {}}


def _from_text(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise CorruptModelError("an operation's node_def is not JSON") from None


def _plain(value: Mapping[str, object]) -> object:
    """A protobuf attribute, written as {its type: its value}; 64-bit integers are texts in its JSON
    form.
    """
    (tag, inner), *_ = value.items() if value else [("", None)]
    if tag == "i":
        return int(str(inner))
    if tag == "type":
        name = str(inner)
        return _DTYPES.get(name, name.removeprefix("DT_").lower())
    if tag == "s":
        return _text(str(inner))
    if tag == "list":
        groups = record(inner or {}, tag)
        return [_plain({k: item}) for k, group in groups.items() for item in items(group, k)]
    return inner


def _text(encoded: str) -> str:
    try:
        return binascii.a2b_base64(encoded, strict_mode=True).decode()
    except ValueError:
        raise CorruptModelError("an operation's text attribute is not base64") from None
