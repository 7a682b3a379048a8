"""Nodes that Keras 2 made of bare TensorFlow calls: each is a function of keras.ops under other argument names.

A row of the tables is: TensorFlow's name, the function, then TensorFlow's arguments in order, each with the parameter
that it is (``y=x2``). ``tf.<symbol>`` nodes take the first argument by position and the others by name. ``tf.op.<Op>``
nodes are nodes of a TensorFlow graph: their inputs are numbered, some are ``constants``, and attributes have names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.compile.lowering import Operation
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
    tensorflow_only,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.compile.site import Result, Site

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
    **tensorflow_only.OPERATIONS,
}

_SYMBOLS = """
__operators__.add Add x=x1 y=x2
__operators__.eq Equal self=x1 other=x2
__operators__.logical_and LogicalAnd x=x1 y=x2
__operators__.logical_not LogicalNot x=x
__operators__.logical_or LogicalOr x=x1 y=x2
__operators__.ne NotEqual self=x1 other=x2
argsort Argsort values=x axis=axis
broadcast_to BroadcastTo input=x shape=shape
cast Cast x=x dtype=dtype
clip_by_value Clip t=x clip_value_min=x_min clip_value_max=x_max
concat Concatenate values=xs axis=axis
einsum tf.einsum equation=equation inputs=inputs
expand_dims ExpandDims input=x axis=axis
gather tf.gather params=params indices=indices axis=axis batch_dims=batch_dims
identity Copy input=x
linalg.einsum tf.einsum equation=equation inputs=inputs
linalg.l2_normalize tf.l2_normalize x=x axis=axis epsilon=epsilon
linalg.matmul tf.matmul a=a b=b transpose_a=transpose_a transpose_b=transpose_b
linalg.norm tf.norm tensor=x ord=ord axis=axis keepdims=keepdims
linalg.tensordot Tensordot a=x1 b=x2 axes=axes
math.abs Abs x=x
math.acos Arccos x=x
math.acosh Arccosh x=x
math.add Add x=x1 y=x2
math.add_n tf.add_n inputs=inputs
math.argmax tf.argmax input=x axis=axis output_type=output_type
math.argmin tf.argmin input=x axis=axis output_type=output_type
math.asin Arcsin x=x
math.asinh Arcsinh x=x
math.atan Arctan x=x
math.atan2 Arctan2 y=x1 x=x2
math.atanh Arctanh x=x
math.ceil Ceil x=x
math.cos Cos x=x
math.cosh Cosh x=x
math.cumsum tf.cumsum x=x axis=axis exclusive=exclusive reverse=reverse
math.divide TrueDivide x=x1 y=x2
math.divide_no_nan DivideNoNan x=x1 y=x2
math.equal Equal x=x1 y=x2
math.erf Erf x=x
math.exp Exp x=x
math.expm1 Expm1 x=x
math.floor Floor x=x
math.floordiv FloorDivide x=x1 y=x2
math.floormod Mod x=x1 y=x2
math.greater Greater x=x1 y=x2
math.greater_equal GreaterEqual x=x1 y=x2
math.is_finite Isfinite x=x
math.is_inf Isinf x=x
math.is_nan Isnan x=x
math.l2_normalize tf.l2_normalize x=x axis=axis epsilon=epsilon
math.less Less x=x1 y=x2
math.less_equal LessEqual x=x1 y=x2
math.log Log x=x
math.log1p Log1p x=x
math.log_sigmoid LogSigmoid x=x
math.logical_and LogicalAnd x=x1 y=x2
math.logical_not LogicalNot x=x
math.logical_or LogicalOr x=x1 y=x2
math.logical_xor LogicalXor x=x1 y=x2
math.maximum Maximum x=x1 y=x2
math.minimum Minimum x=x1 y=x2
math.multiply Multiply x=x1 y=x2
math.negative Negative x=x
math.not_equal NotEqual x=x1 y=x2
math.pow Power x=x1 y=x2
math.reciprocal Reciprocal x=x
math.reduce_all All input_tensor=x axis=axis keepdims=keepdims
math.reduce_any Any input_tensor=x axis=axis keepdims=keepdims
math.reduce_euclidean_norm Norm input_tensor=x axis=axis keepdims=keepdims
math.reduce_logsumexp Logsumexp input_tensor=x axis=axis keepdims=keepdims
math.reduce_max Max input_tensor=x axis=axis keepdims=keepdims
math.reduce_mean Mean input_tensor=x axis=axis keepdims=keepdims
math.reduce_min Min input_tensor=x axis=axis keepdims=keepdims
math.reduce_prod Prod input_tensor=x axis=axis keepdims=keepdims
math.reduce_std Std input_tensor=x axis=axis keepdims=keepdims
math.reduce_sum Sum input_tensor=x axis=axis keepdims=keepdims
math.reduce_variance Var input_tensor=x axis=axis keepdims=keepdims
math.round Round x=x
math.rsqrt Rsqrt x=x
math.sigmoid Sigmoid x=x
math.sign Sign x=x
math.sin Sin x=x
math.sinh Sinh x=x
math.softmax Softmax logits=x axis=axis
math.softplus Softplus features=x
math.softsign Softsign features=x
math.sqrt Sqrt x=x
math.square Square x=x
math.squared_difference tf.squared_difference x=x1 y=x2
math.subtract Subtract x=x1 y=x2
math.tan Tan x=x
math.tanh Tanh x=x
math.top_k TopK input=x k=k
math.truediv TrueDivide x=x1 y=x2
nn.bias_add tf.bias_add value=x bias=bias data_format=data_format
nn.elu Elu features=x
nn.gelu tf.gelu features=x approximate=approximate
nn.leaky_relu LeakyRelu features=x alpha=negative_slope
nn.log_softmax LogSoftmax logits=x axis=axis
nn.relu Relu features=x
nn.relu6 Relu6 features=x
nn.selu Selu features=x
nn.silu tf.silu features=x beta=beta
one_hot tf.one_hot indices=x depth=num_classes on_value=on_value off_value=off_value axis=axis dtype=dtype
ones_like OnesLike input=x dtype=dtype
pad tf.pad tensor=x paddings=pad_width mode=mode constant_values=constant_values
repeat Repeat input=x repeats=repeats axis=axis
reshape Reshape tensor=x shape=newshape
reverse Flip tensor=x axis=axis
roll Roll input=x shift=shift axis=axis
shape tf.shape input=x out_type=out_type
slice tf.slice input_=x begin=begin size=size slice_spec=slice_spec
sort tf.sort values=x axis=axis direction=direction
split tf.split value=x num_or_size_splits=num_or_size_splits axis=axis
squeeze Squeeze input=x axis=axis
stack Stack values=x axis=axis
stop_gradient StopGradient input=x
tile Tile input=x multiples=repeats
transpose Transpose a=x perm=axes
unstack Unstack value=x num=num axis=axis
where Where condition=condition x=x1 y=x2
zeros_like ZerosLike input=x dtype=dtype
"""

_ALIASES = {
    "acos": "math.acos",
    "abs": "math.abs",
    "add": "math.add",
    "argmax": "math.argmax",
    "argmin": "math.argmin",
    "math.floordiv": "math.floordiv",
    "math.l2_normalize": "math.l2_normalize",
    "math.mod": "math.floormod",
    "math.swish": "nn.silu",
    "math.xdivy": "math.divide_no_nan",
    "matmul": "linalg.matmul",
    "maximum": "math.maximum",
    "minimum": "math.minimum",
    "multiply": "math.multiply",
    "nn.l2_normalize": "math.l2_normalize",
    "nn.sigmoid": "math.sigmoid",
    "nn.softmax": "math.softmax",
    "nn.softplus": "math.softplus",
    "nn.softsign": "math.softsign",
    "nn.swish": "nn.silu",
    "nn.tanh": "math.tanh",
    "nn.top_k": "math.top_k",
    "norm": "linalg.norm",
    "pow": "math.pow",
    "subtract": "math.subtract",
    "tensordot": "linalg.tensordot",
}
"""Other names under which TensorFlow exports the same function; ``compat.v1.`` before a name changes nothing."""

_GRAPH_OPS = """
Abs Abs 0=x
Add Add 0=x1 1=x2
AddV2 Add 0=x1 1=x2
All All 0=x 1=axis keep_dims=keepdims
Any Any 0=x 1=axis keep_dims=keepdims
BatchMatMulV2 tf.matmul 0=a 1=b adj_x=transpose_a adj_y=transpose_b
BiasAdd tf.bias_add 0=x 1=bias data_format=data_format
Cast Cast 0=x DstT=dtype
Ceil Ceil 0=x
ConcatV2 tf.concat_v2 *=inputs
Cos Cos 0=x
DivNoNan DivideNoNan 0=x1 1=x2
Elu Elu 0=x
Equal Equal 0=x1 1=x2
Erf Erf 0=x
Exp Exp 0=x
ExpandDims ExpandDims 0=x 1=axis
Expm1 Expm1 0=x
Floor Floor 0=x
FloorDiv FloorDivide 0=x1 1=x2
FloorMod Mod 0=x1 1=x2
GatherV2 tf.gather 0=params 1=indices 2=axis batch_dims=batch_dims
Greater Greater 0=x1 1=x2
GreaterEqual GreaterEqual 0=x1 1=x2
Identity Copy 0=x
LeakyRelu LeakyRelu 0=x alpha=negative_slope
Less Less 0=x1 1=x2
LessEqual LessEqual 0=x1 1=x2
Log Log 0=x
Log1p Log1p 0=x
LogSoftmax LogSoftmax 0=x
LogicalAnd LogicalAnd 0=x1 1=x2
LogicalNot LogicalNot 0=x
LogicalOr LogicalOr 0=x1 1=x2
MatMul tf.matmul 0=a 1=b transpose_a=transpose_a transpose_b=transpose_b
Max Max 0=x 1=axis keep_dims=keepdims
Maximum Maximum 0=x1 1=x2
Mean Mean 0=x 1=axis keep_dims=keepdims
Min Min 0=x 1=axis keep_dims=keepdims
Minimum Minimum 0=x1 1=x2
Mul Multiply 0=x1 1=x2
Neg Negative 0=x
NotEqual NotEqual 0=x1 1=x2
OneHot tf.one_hot 0=x 1=num_classes 2=on_value 3=off_value axis=axis
OnesLike OnesLike 0=x
Pack Stack *=x axis=axis
Pad tf.pad 0=x 1=pad_width
PadV2 tf.pad 0=x 1=pad_width 2=constant_values
Pow Power 0=x1 1=x2
Prod Prod 0=x 1=axis keep_dims=keepdims
RealDiv TrueDivide 0=x1 1=x2
Reciprocal Reciprocal 0=x
Relu Relu 0=x
Relu6 Relu6 0=x
Reshape Reshape 0=x 1=newshape
ReverseV2 Flip 0=x 1=axis
Round Round 0=x
Rsqrt Rsqrt 0=x
Select Where 0=condition 1=x1 2=x2
SelectV2 Where 0=condition 1=x1 2=x2
Selu Selu 0=x
Shape tf.shape 0=x
Sigmoid Sigmoid 0=x
Sign Sign 0=x
Sin Sin 0=x
Softmax Softmax 0=x
Softplus Softplus 0=x
Softsign Softsign 0=x
Sqrt Sqrt 0=x
Square Square 0=x
SquaredDifference tf.squared_difference 0=x1 1=x2
Squeeze tf.squeeze 0=x squeeze_dims=axis
StopGradient StopGradient 0=x
StridedSlice tf.strided_slice 0=x 1=begin 2=end 3=strides begin_mask=begin_mask end_mask=end_mask \
ellipsis_mask=ellipsis_mask new_axis_mask=new_axis_mask shrink_axis_mask=shrink_axis_mask
Sub Subtract 0=x1 1=x2
Sum Sum 0=x 1=axis keep_dims=keepdims
Tan Tan 0=x
Tanh Tanh 0=x
Tile Tile 0=x 1=repeats
Transpose Transpose 0=x 1=axes
Unpack Unstack 0=x num=num axis=axis
ZerosLike ZerosLike 0=x
"""

_SILENT = ("name", "conjugate", "validate_indices", "stable", "num", "sorted")
"""Arguments that change nothing where these functions run."""

_TYPES = frozenset(
    {"N", "T", "T1", "T2", "Tidx", "Taxis", "Tindices", "Tparams", "Tpaddings", "Tperm", "Tdim", "TI"}
) | {
    "Tmultiples",
    "Tshape",
    "Index",
    "SrcT",
    "Truncate",
    "U",
    "incompatible_shape_error",
    "out_type",
    "grad_a",
    "grad_b",
}
"""Attributes of graph nodes that say dtypes and counts, which are known from the inputs."""


def _renamed(function: str, names: Mapping[str, str]) -> Operation:
    """A ``tf.<symbol>`` node."""
    operation, order = _FUNCTIONS[function], list(names)

    def build(s: Site, *args: object, **kwargs: object) -> Result:
        given = dict(zip(order, args, strict=False)) | kwargs
        return operation.build(s, **{names[key]: value for key, value in given.items() if value is not None})

    return Operation(build, ignored=tuple(key for key in _SILENT if key not in names), names=frozenset(names))


def _graph_op(function: str, names: Mapping[str, str]) -> Operation:
    """A ``tf.op.<Op>`` node: tensors of the call fill those places that are no constants."""
    operation = _FUNCTIONS[function]

    def build(s: Site, *args: object, constants: Mapping[str, object], **attributes: object) -> Result:
        tensors = iter(args[0] if len(args) == 1 and isinstance(args[0], list) else args)
        count = len(constants) + len(s.inputs)
        inputs = [constants[str(i)] if str(i) in constants else next(tensors) for i in range(count)]
        given = {names[key]: value for key, value in attributes.items() if key in names}
        if "*" in names:
            return operation.build(s, **{names["*"]: inputs}, **given)
        return operation.build(s, **{names[str(i)]: value for i, value in enumerate(inputs)}, **given)

    silent = tuple(_TYPES - set(names))
    return Operation(build, ignored=silent, names=frozenset({"constants", *(n for n in names if n[0].isalpha())}))


def _rows(table: str) -> dict[str, tuple[str, dict[str, str]]]:
    found = {}
    for line in table.strip().splitlines():
        name, function, *pairs = line.split()
        found[name] = function, dict(cast("tuple[str, str]", tuple(pair.split("="))) for pair in pairs)
    return found


_ROWS = _rows(_SYMBOLS)
_ROWS |= {name: _ROWS[there] for name, there in _ALIASES.items()}

OPERATIONS = {
    **{f"tf.{prefix}{name}": _renamed(*row) for name, row in _ROWS.items() for prefix in ("", "compat.v1.")},
    **{f"tf.op.{name}": _graph_op(*row) for name, row in _rows(_GRAPH_OPS).items()},
}
