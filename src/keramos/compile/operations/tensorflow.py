"""Nodes that Keras 2 made of bare TensorFlow calls: each is a function of keras.ops under other
argument names.

A row of the tables is: TensorFlow's name, the function, then TensorFlow's arguments in order, each
with the parameter that it is (``y=x2``). ``tf.<symbol>`` nodes take the first argument by position
and the others by name. ``tf.op.<Op>`` nodes are nodes of a TensorFlow graph: their inputs are
numbered, some are ``constants``, and attributes have names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.compile.lowering.record import Operation
from keramos.compile.operations import (
    arrangements,
    convolution,
    elementwise,
    images,
    linalg,
    missing,
    nn,
    order,
    reductions,
    shapes,
    tensorflow_arrays,
    tensorflow_images,
    tensorflow_only,
)
from keramos.compile.operations.tensorflow_names import ALIASES, GRAPH_OPS, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.compile.lowering.layer_call import LayerCall, Result

_FUNCTIONS: dict[str, Operation] = {
    **arrangements.OPERATIONS,
    **convolution.OPERATIONS,
    **elementwise.OPERATIONS,
    **images.OPERATIONS,
    **linalg.OPERATIONS,
    **missing.OPERATIONS,
    **nn.OPERATIONS,
    **order.OPERATIONS,
    **reductions.OPERATIONS,
    **shapes.OPERATIONS,
    **tensorflow_arrays.OPERATIONS,
    **tensorflow_images.OPERATIONS,
    **tensorflow_only.OPERATIONS,
}

_SILENT = (
    "name",
    "conjugate",
    "validate_indices",
    "stable",
    "dtype_hint",
    "bad_indices_policy",
    "layout",
)
"""Arguments that change nothing where these functions run."""

_TYPES = """
    Index N SrcT T T1 T2 TI Tk Taxis Tdim Tidx Tindex Tindices Tlen Tmultiples Tnumsplit Tpaddings
    Tparams Tperm Tshape Tshift Tsplits Truncate U bad_indices_policy explicit_paddings grad_a
    grad_b grad_x grad_y incompatible_shape_error index_type num_split out_type use_cudnn_on_gpu
    validate_indices element_dtype Ta Tb Tout
"""
"""Attributes of graph nodes that say dtypes and counts, which are known from the inputs."""


def _renamed(function: str, names: Mapping[str, str]) -> Operation:
    """A ``tf.<symbol>`` node."""
    operation, order = _FUNCTIONS[function], list(names)

    def build(s: LayerCall, *args: object, **kwargs: object) -> Result:
        given = dict(zip(order, args, strict=False)) | kwargs
        return operation.build(
            s, **{names[key]: value for key, value in given.items() if value is not None}
        )

    return Operation(
        build, ignored=tuple(key for key in _SILENT if key not in names), names=frozenset(names)
    )


def _graph_op(function: str, names: Mapping[str, str]) -> Operation:
    """A ``tf.op.<Op>`` node: tensors of the call fill those places that are no constants."""
    operation = _FUNCTIONS[function]

    def build(
        s: LayerCall, *args: object, constants: Mapping[str, object], **attributes: object
    ) -> Result:
        tensors = iter(args[0] if len(args) == 1 and isinstance(args[0], list) else args)
        count = len(constants) + len(s.inputs)
        inputs = [constants[str(i)] if str(i) in constants else next(tensors) for i in range(count)]
        given = {names[key]: value for key, value in attributes.items() if key in names}
        if "*" in names:
            return operation.build(s, **{names["*"]: inputs}, **given)
        return operation.build(
            s, **{names[str(i)]: value for i, value in enumerate(inputs)}, **given
        )

    silent = tuple(set(_TYPES.split()) - set(names))
    return Operation(
        build, ignored=silent, names=frozenset({"constants", *(n for n in names if n[0].isalpha())})
    )


def _rows(table: str) -> dict[str, tuple[str, dict[str, str]]]:
    found = {}
    for line in table.strip().splitlines():
        name, function, *pairs = line.split()
        found[name] = (
            function,
            dict(cast("tuple[str, str]", tuple(pair.split("="))) for pair in pairs),
        )
    return found


_ROWS = _rows(SYMBOLS)
_ROWS |= {name: _ROWS[there] for name, there in ALIASES.items()}

OPERATIONS = {
    **{
        f"tf.{prefix}{name}": _renamed(*row)
        for name, row in _ROWS.items()
        for prefix in ("", "compat.v1.")
    },
    **{f"tf.op.{name}": _graph_op(*row) for name, row in _rows(GRAPH_OPS).items()},
}
