"""Nodes that Keras 2 made of bare TensorFlow calls: each is a function of keras.ops under other
argument names, which ``tensorflow_names.txt`` lists.

``tf.<symbol>`` nodes take the first argument by position and the others by name. ``tf.op.<Op>``
nodes are nodes of a TensorFlow graph: their inputs are numbered, some are ``constants``, and
attributes have names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.lowering.record import Operation
from keramos.compile.operations import tensorflow_arrays, tensorflow_images, tensorflow_only
from keramos.compile.operations.tensorflow_names import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.compile.lowering.layer_call import LayerCall, Result

_IGNORED_ARGUMENTS = (
    "name",
    "conjugate",
    "validate_indices",
    "stable",
    "dtype_hint",
    "bad_indices_policy",
    "layout",
)
"""Arguments of symbols that do not change the results of these functions."""

IGNORED_ATTRIBUTES = """
    Index N SrcT T T1 T2 TI Tk Taxis Tdim Tidx Tindex Tindices Tlen Tmultiples Tnumsplit Tpaddings
    Tparams Tperm Tshape Tshift Tsplits Truncate U bad_indices_policy explicit_paddings grad_a
    grad_b grad_x grad_y incompatible_shape_error index_type num_split out_type use_cudnn_on_gpu
    validate_indices element_dtype Ta Tb Tout
"""
"""Attributes of graph nodes for dtypes and counts, which the inputs determine, and for gradients
and devices.
"""


def functions(keras: Mapping[str, Operation]) -> dict[str, Operation]:
    """The functions that ``tensorflow_names.txt`` names."""
    return {
        **keras,
        **tensorflow_arrays.OPERATIONS,
        **tensorflow_images.OPERATIONS,
        **tensorflow_only.OPERATIONS,
    }


def operations(keras: Mapping[str, Operation]) -> dict[str, Operation]:
    """Every TensorFlow name that a layer can have -> its function.

    ``keras``: the functions of keras.ops by class name.
    """
    known = functions(keras)
    symbols, nodes = {}, {}
    for kind, name, function, parameters in rows():
        if kind == "node":
            nodes[f"tf.op.{name}"] = _node(known[function], parameters)
        elif kind == "symbol":
            symbols[name] = _symbol(known[function], parameters)
        else:
            symbols[name] = symbols[function]
    prefixes = ("tf.", "tf.compat.v1.")
    return {prefix + name: row for name, row in symbols.items() for prefix in prefixes} | nodes


def _symbol(operation: Operation, parameters: Mapping[str, str]) -> Operation:
    """A ``tf.<symbol>`` node."""
    order = list(parameters)

    def build(s: LayerCall, *args: object, **kwargs: object) -> Result:
        given = dict(zip(order, args, strict=False)) | kwargs
        return operation.build(
            s, **{parameters[key]: value for key, value in given.items() if value is not None}
        )

    ignored = tuple(name for name in _IGNORED_ARGUMENTS if name not in parameters)
    return Operation(build, ignored, frozenset(parameters))


def _node(operation: Operation, parameters: Mapping[str, str]) -> Operation:
    """A ``tf.op.<Op>`` node: tensors of the call are the inputs that are not constants."""

    def build(
        s: LayerCall, *args: object, constants: Mapping[str, object], **attributes: object
    ) -> Result:
        tensors = iter(args[0] if len(args) == 1 and isinstance(args[0], list) else args)
        count = len(constants) + len(s.inputs)
        inputs = [constants[str(i)] if str(i) in constants else next(tensors) for i in range(count)]
        given = {parameters[key]: item for key, item in attributes.items() if key in parameters}
        if "*" in parameters:
            return operation.build(s, **{parameters["*"]: inputs}, **given)
        return operation.build(
            s, **{parameters[str(i)]: value for i, value in enumerate(inputs)}, **given
        )

    names = {"constants", *(name for name in parameters if name[0].isalpha())}
    ignored = tuple(set(IGNORED_ATTRIBUTES.split()) - set(parameters))
    return Operation(build, ignored, frozenset(names))
