"""Keras 2's nodes of bare TensorFlow calls, against TensorFlow itself: one row a function."""

import inspect
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from keramos.artifact.write import write
from keramos.compile.emit import compile_network
from keramos.compile.keras_calls import as_keras_calls
from keramos.compile.operations.table import OPERATIONS
from keramos.compile.operations.tensorflow_names import rows
from keramos.errors import UnsupportedModelError
from keramos.runtime.session import Session
from keramos.types.network import Call, Layer, Network, TensorRef

RNG = np.random.default_rng(0)
A = RNG.normal(size=(5, 4, 6)).astype("float32")
A[0, 0, :3] = 0.0, 1.0, -1.0
B = RNG.normal(size=(5, 4, 6)).astype("float32")
B[0, 0, :3] = 0.0, 0.0, 2.0
C = RNG.normal(size=(5, 6, 3)).astype("float32")
P = (np.abs(A) + 0.3).astype("float32")
U = np.tanh(A).astype("float32") * 0.9
N = RNG.integers(-3, 6, size=(5, 4)).astype("int32")
M = RNG.integers(1, 6, size=(5, 4)).astype("int32")
T = RNG.random(size=(5, 4, 6)) > 0.5
COLOURS = RNG.random(size=(5, 6, 8, 3)).astype("float32")
ROW = RNG.normal(size=6).astype("float32")
PICTURES = RNG.normal(size=(5, 6, 8, 4)).astype("float32")

FLOATS = """
    abs asinh atan ceil cos cosh erf exp expm1 floor is_finite is_inf is_nan log_sigmoid negative
    round sigmoid sign sin sinh softplus softsign square tan tanh
"""
POSITIVE = "acosh log log1p reciprocal rsqrt sqrt"
PAIRS = """
    add atan2 divide divide_no_nan equal floordiv floormod greater greater_equal less less_equal
    maximum minimum multiply not_equal squared_difference subtract truediv xdivy
"""
WHOLE = (
    "add equal floordiv floormod greater less_equal maximum minimum multiply "
    "not_equal subtract squared_difference"
)
ALONG = """
    reduce_euclidean_norm reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_std
    reduce_sum reduce_variance
"""

CASES = [
    *((f"math.{name}", A) for name in FLOATS.split()),
    *((f"math.{name}", P + 1) for name in POSITIVE.split()),
    *((f"math.{name}", U) for name in ("acos", "asin", "atanh")),
    *((f"math.{name}", A, B) for name in PAIRS.split()),
    *((f"math.{name}", N, M) for name in WHOLE.split()),
    *((f"math.{name}", A) for name in ALONG.split()),
    *((f"math.{name}", A, [1, -1]) for name in ALONG.split()),
    *((f"math.{name}", A, 1, True) for name in ALONG.split()),
    *(
        (f"math.{name}", N, 1)
        for name in ("reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum")
    ),
    *((f"math.logical_{name}", T, ~T) for name in ("and", "or", "xor")),
    *((f"math.reduce_{name}", T, 1) for name in ("any", "all")),
    *(
        (name, A)
        for name in (
            "nn.elu",
            "nn.gelu",
            "nn.leaky_relu",
            "nn.relu",
            "nn.relu6",
            "nn.selu",
            "nn.silu",
        )
    ),
    *((name, A, axis) for name in ("nn.log_softmax", "nn.softmax") for axis in (None, 1)),
    ("__operators__.add", A, B),
    ("__operators__.eq", N, M),
    ("__operators__.ne", N, M),
    ("__operators__.logical_and", T, ~T),
    ("__operators__.logical_or", T, ~T),
    ("__operators__.logical_not", T),
    ("abs", N),
    ("add", A, B),
    ("argsort", A),
    ("argsort", A, 1, "DESCENDING"),
    ("broadcast_to", A[:, None], [5, 3, 4, 6]),
    ("cast", A * 3, "int32"),
    ("cast", N, "float32"),
    ("clip_by_value", A, -0.5, 0.7),
    ("clip_by_value", A, 0.0, P),
    ("concat", [A, B], -1),
    ("concat", [A, B], 1),
    ("einsum", "bij,bjk->bik", A, C),
    ("expand_dims", A, -1),
    ("gather", A, [2, 0], None, 1),
    ("gather", RNG.normal(size=(6, 3)).astype("float32"), M),
    ("gather", A, M % 4, None, 1, 1),
    ("identity", A),
    ("linalg.einsum", "bij,bjk->bik", A, C),
    ("linalg.l2_normalize", A, -1),
    ("linalg.matmul", A, C),
    ("linalg.matmul", A, B, False, True),
    ("linalg.matmul", A, B, True),
    ("linalg.norm", A, "euclidean", -1),
    ("linalg.norm", A, 1, -1),
    ("linalg.norm", A, np.inf, 1, True),
    ("linalg.norm", A),
    ("linalg.tensordot", A, B, [[0, 1], [0, 1]]),
    ("linalg.tensordot", A, RNG.normal(size=(6, 2)).astype("float32"), 1),
    ("math.add_n", [A, B, A]),
    ("math.argmax", A, -1),
    ("math.argmax", A),
    ("math.argmin", A, 1, "int32"),
    ("math.cumsum", A, 1),
    ("math.cumsum", A, 1, True, True),
    ("math.l2_normalize", A),
    ("math.logical_not", T),
    ("math.multiply", A, 2.5),
    ("math.pow", P, 1.5),
    ("math.pow", M, 2),
    ("math.subtract", 1.0, A),
    ("math.top_k", A, 3),
    ("nn.bias_add", A, RNG.normal(size=6).astype("float32")),
    ("nn.bias_add", A, RNG.normal(size=4).astype("float32"), "NCW"),
    ("nn.gelu", A, True),
    ("nn.leaky_relu", A, 0.3),
    ("one_hot", N, 5),
    ("one_hot", N, 5, 2.0, -1.0, 1),
    ("ones_like", A),
    ("pad", A, [[0, 0], [1, 2], [0, 1]]),
    ("pad", A, [[0, 0], [1, 2], [0, 1]], "CONSTANT", 3.0),
    ("pad", A, [[0, 0], [1, 2], [0, 1]], "REFLECT"),
    ("pad", A, [[0, 0], [1, 2], [0, 1]], "SYMMETRIC"),
    ("repeat", A, 2, 1),
    ("repeat", A, [1, 0, 2, 1], 1),
    ("reshape", A, [-1, 24]),
    ("reshape", A, [5, -1, 3]),
    ("reverse", A, [1]),
    ("roll", A, 1, 1),
    ("roll", A, [1, -2], [1, 2]),
    ("shape", A),
    ("slice", A, [0, 1, 2], [-1, 2, 3]),
    ("sort", A),
    ("sort", A, 1, "DESCENDING"),
    ("split", A, 3, -1),
    ("split", A, [1, 3], 1),
    ("squeeze", A[:, None], 1),
    ("squeeze", A[:, None], [1]),
    ("stack", [A, B], 1),
    ("stop_gradient", A),
    ("tile", A, [1, 2, 3]),
    ("transpose", A, [0, 2, 1]),
    ("transpose", A),
    ("unstack", A, None, 1),
    ("where", T, A, B),
    ("where", T, A, 0.0),
    ("zeros_like", A, "int32"),
    ("argsort", M, 1, "DESCENDING", True),
    ("bitwise.bitwise_and", N, M),
    ("bitwise.bitwise_or", N, M),
    ("bitwise.bitwise_xor", N, M),
    ("bitwise.invert", N),
    ("bitwise.left_shift", N, M),
    ("bitwise.right_shift", N, M),
    ("clip_by_norm", A, 1.5, 1),
    ("convert_to_tensor", A),
    ("dtypes.saturate_cast", A * 100, "uint8"),
    ("ensure_shape", A, [None, 4, 6]),
    ("gather_nd", A, RNG.integers(0, 4, size=(5, 2, 1)).astype("int32"), 1),
    ("gather_nd", A, [[0, 1], [4, 2]]),
    ("image.adjust_contrast", PICTURES, 1.7),
    ("image.crop_to_bounding_box", PICTURES, 1, 2, 4, 3),
    ("image.extract_patches", PICTURES, [1, 2, 3, 1], [1, 2, 1, 1], [1, 1, 1, 1], "SAME"),
    ("image.flip_left_right", PICTURES),
    ("image.flip_up_down", PICTURES),
    ("image.grayscale_to_rgb", PICTURES[..., :1]),
    ("image.hsv_to_rgb", COLOURS),
    ("image.pad_to_bounding_box", PICTURES, 1, 2, 9, 13),
    ("image.per_image_standardization", PICTURES),
    ("image.resize", PICTURES, [9, 4]),
    ("image.resize", PICTURES, [9, 4], "nearest"),
    ("image.resize", PICTURES, [3, 4], "bicubic", False, True),
    ("image.resize", PICTURES, [3, 4], "area"),
    ("image.rgb_to_grayscale", COLOURS),
    ("image.rgb_to_hsv", COLOURS),
    ("image.sobel_edges", PICTURES),
    ("linalg.adjoint", A),
    ("linalg.band_part", A, 1, -1),
    ("linalg.band_part", A, 0, 2),
    ("linalg.cross", A[..., :3], B[..., :3]),
    ("linalg.diag_part", A[..., :4]),
    ("linalg.matmul", A, B, False, False, False, True),
    ("linalg.matrix_transpose", A),
    ("linalg.matvec", A, C[..., 0]),
    ("linalg.trace", A[..., :4]),
    ("math.accumulate_n", [A, B]),
    ("math.count_nonzero", A, 1),
    ("math.count_nonzero", A, [0, 2], True, "int32"),
    ("math.cumprod", A, 1),
    ("math.erfc", A),
    ("math.multiply_no_nan", A, B),
    ("math.real", A),
    ("math.reduce_sum", N.astype("int8"), 1),
    ("math.rint", A * 3),
    ("math.softmax", A),
    ("math.scalar_mul", 2.0, A),
    ("math.xlogy", A, P),
    ("math.zero_fraction", A),
    ("nn.avg_pool", PICTURES, 2, 1, "SAME"),
    ("nn.avg_pool1d", A, 2, 2, "VALID"),
    ("nn.avg_pool2d", PICTURES, [2, 3], [2, 1], "SAME"),
    ("nn.avg_pool3d", PICTURES[:, None], 1, 1, "SAME"),
    ("nn.batch_normalization", A, ROW, P[0, 0], ROW + 1, ROW * 2, 0.01),
    (
        "nn.batch_normalization",
        A,
        A.mean((1, 2), keepdims=True),
        P.mean((1, 2), keepdims=True),
        None,
        None,
        0.01,
    ),
    ("nn.conv1d", A, RNG.normal(size=(3, 6, 2)).tolist(), 2, "SAME"),
    ("nn.conv2d", PICTURES, RNG.normal(size=(3, 2, 4, 5)).tolist(), [1, 2, 1, 1], "VALID"),
    ("nn.conv2d", PICTURES, RNG.normal(size=(3, 2, 4, 5)).tolist(), 1, "SAME", "NHWC", 2),
    ("nn.conv3d", PICTURES[:, None], RNG.normal(size=(1, 2, 2, 4, 2)).tolist(), [1] * 5, "SAME"),
    ("nn.crelu", A),
    ("nn.depth_to_space", PICTURES, 2),
    ("nn.depthwise_conv2d", PICTURES, RNG.normal(size=(3, 2, 4, 2)).tolist(), [1, 1, 1, 1], "SAME"),
    ("nn.embedding_lookup", RNG.normal(size=(6, 3)).astype("float32"), M),
    ("nn.l2_loss", A),
    ("nn.local_response_normalization", PICTURES, 1, 2.0, 0.3, 0.7),
    ("nn.max_pool", PICTURES, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
    ("nn.max_pool1d", A, 2, 2, "VALID"),
    ("nn.max_pool2d", PICTURES, 3, 2, "VALID"),
    ("nn.max_pool3d", PICTURES[:, None], 1, 1, "SAME"),
    ("nn.moments", A, [1], None, True),
    ("nn.space_to_depth", PICTURES, 2),
    ("rank", A),
    ("realdiv", A, P),
    ("sequence_mask", N, 4),
    ("sequence_mask", N, 4, "float32"),
    ("size", A),
    ("tensor_scatter_nd_add", A, [[1], [1]], B[:2]),
    ("tensor_scatter_nd_update", A, [[1], [3]], B[:2]),
    ("truncatemod", N, M),
]

GRAPH = [
    ("Abs", A),
    ("Add", A, B),
    ("AddN", [A, B]),
    ("AddV2", A, 2.0),
    ("All", T, 1),
    ("Any", T, 1),
    ("ArgMax", A, 1),
    ("ArgMin", A, 1),
    ("AvgPool", PICTURES, {"ksize": [1, 2, 3, 1], "strides": [1, 2, 1, 1], "padding": "SAME"}),
    ("BatchMatMulV2", A, C),
    ("BatchMatMulV2", A, B, {"adj_y": True}),
    ("BiasAdd", A, RNG.normal(size=6).astype("float32")),
    ("Cast", A * 3, {"DstT": "int32"}),
    ("Ceil", A),
    ("ConcatV2", [A, B], 1),
    ("Cos", A),
    ("Cumsum", A, 1, {"exclusive": True}),
    ("DepthToSpace", PICTURES, {"block_size": 2}),
    ("Div", A, P),
    ("DivNoNan", A, B),
    ("Elu", A),
    ("Equal", N, M),
    ("Erf", A),
    ("Exp", A),
    ("ExpandDims", A, 1),
    ("Expm1", A),
    ("Floor", A),
    (
        "ExtractImagePatches",
        PICTURES,
        {
            "ksizes": [1, 2, 3, 1],
            "strides": [1, 2, 2, 1],
            "rates": [1, 1, 1, 1],
            "padding": "VALID",
        },
    ),
    ("HSVToRGB", COLOURS),
    ("Invert", N),
    ("LeftShift", N, 2),
    ("RGBToHSV", COLOURS),
    ("RightShift", N, 1),
    ("FloorDiv", A, B + 3),
    ("FloorMod", N, M),
    ("GatherV2", A, [2, 0], 1),
    ("Greater", A, B),
    ("GreaterEqual", A, B),
    ("Identity", A),
    ("LeakyRelu", A, {"alpha": 0.1}),
    ("Less", A, B),
    ("LessEqual", A, B),
    ("Log", P),
    ("Log1p", P),
    ("LogSoftmax", A[0]),
    ("LogicalAnd", T, ~T),
    ("LogicalNot", T),
    ("LogicalOr", T, ~T),
    ("MatMul", A[0], B[0], {"transpose_b": True}),
    ("Max", A, 1, {"keep_dims": True}),
    ("MaxPool", PICTURES, {"ksize": [1, 2, 3, 1], "strides": [1, 2, 1, 1], "padding": "VALID"}),
    ("Maximum", A, B),
    ("Mean", A, [1, 2]),
    ("Min", A, 1),
    ("Minimum", A, B),
    ("MirrorPad", A, [[0, 0], [1, 1], [2, 0]], {"mode": "REFLECT"}),
    ("Mul", A, B),
    ("Neg", A),
    ("NotEqual", N, M),
    ("OneHot", N, 5, 1.0, 0.0),
    ("OnesLike", A),
    ("Pack", [A, B], {"axis": 1}),
    ("Pad", A, [[0, 0], [1, 1], [2, 0]]),
    ("PadV2", A, [[0, 0], [1, 1], [2, 0]], 3.0),
    ("Pow", P, 1.5),
    ("Prod", A, 1),
    ("RealDiv", A, P),
    ("Reciprocal", P),
    ("Relu", A),
    ("Relu6", A * 9),
    ("Reshape", A, [-1, 24]),
    ("ResizeBilinear", PICTURES, [9, 4], {"half_pixel_centers": True}),
    ("ResizeBilinear", PICTURES, [9, 4]),
    ("ResizeNearestNeighbor", PICTURES, [9, 4], {"half_pixel_centers": True}),
    ("ResizeNearestNeighbor", PICTURES, [12, 16]),
    ("ReverseV2", A, [1]),
    ("Round", A * 3),
    ("Rsqrt", P),
    ("Select", T, A, B),
    ("SelectV2", T, A, B),
    ("Selu", A),
    ("Shape", A),
    ("Sigmoid", A),
    ("Sign", A),
    ("Sin", A),
    ("Slice", A, [0, 1, 2], [-1, 2, 3]),
    ("Softmax", A[0]),
    ("Softplus", A),
    ("Softsign", A),
    ("SpaceToDepth", PICTURES, {"block_size": 2}),
    ("Split", 2, A, {"num_split": 3}),
    ("SplitV", A, [1, 3], 1, {"num_split": 2}),
    ("Sqrt", P),
    ("Square", A),
    ("SquaredDifference", A, B),
    ("Squeeze", A[:, None], {"squeeze_dims": [1]}),
    ("StopGradient", A),
    ("StridedSlice", A, [0, 1], [0, 3], [1, 1], {"begin_mask": 1, "end_mask": 1}),
    (
        "StridedSlice",
        A,
        [0, 1, -2],
        [0, 3, 0],
        [1, -1, 1],
        {"begin_mask": 3, "end_mask": 1, "shrink_axis_mask": 4},
    ),
    ("StridedSlice", A, [0, 0, 1], [0, 0, 3], [1, 1, 1], {"ellipsis_mask": 1, "new_axis_mask": 2}),
    ("Sub", A, B),
    ("Sum", A, 1),
    ("Tan", A),
    ("Tanh", A),
    ("Tile", A, [1, 2, 1]),
    ("TopKV2", A, 2),
    ("Transpose", A, [0, 2, 1]),
    ("Unpack", A, {"num": 4, "axis": 1}),
    ("ZerosLike", A),
    ("Acos", U),
    ("Asin", U),
    ("Atan", A),
    ("Atan2", A, B),
    ("BatchMatMul", A, C),
    ("BatchMatMulV3", A, C, {"Tout": tf.float32}),
    ("BroadcastTo", A[:, :1], [5, 3, 6]),
    ("ClipByValue", A, -0.5, 0.5),
    (
        "Conv2D",
        PICTURES,
        RNG.normal(size=(3, 2, 4, 5)).tolist(),
        {"strides": [1, 2, 1, 1], "padding": "SAME"},
    ),
    ("Cosh", A),
    ("Cross", A[..., :3], B[..., :3]),
    ("Cumprod", A, 1),
    (
        "DepthwiseConv2dNative",
        PICTURES,
        PICTURES[:3, :2, :4, :2].tolist(),
        {"strides": [1, 1, 1, 1], "padding": "VALID"},
    ),
    ("EnsureShape", A, {"shape": [5, 4, 6]}),
    ("Erfc", A),
    ("GatherNd", A, [[0, 1], [4, 2]]),
    ("IsFinite", A),
    ("IsInf", A),
    ("IsNan", A),
    ("L2Loss", A),
    ("LRN", PICTURES),
    ("MatrixBandPart", A, 1, 1),
    ("MatrixDiagPart", A[..., :4]),
    ("Mod", N, M),
    ("MulNoNan", A, B),
    ("Rank", A),
    ("ResizeBilinear", PICTURES, [9, 4], {"align_corners": True}),
    ("Rint", A),
    ("Roll", A, 1, 1),
    ("Sinh", A),
    ("Size", A),
    ("SplitV", A, [1, -1], 2, {"num_split": 2}),
    ("TensorScatterAdd", A, [[1], [1]], B[:2]),
    ("TensorScatterUpdate", A, [[1], [3]], B[:2]),
    ("Xdivy", A, P),
    ("Xlogy", A, P),
]


def network(kind, arguments, keywords, config):
    """One node whose arrays are inputs and whose other arguments are constants."""
    arrays, layers = [], {}

    def fed(item):
        if isinstance(item, list):
            return [fed(part) for part in item]
        if not isinstance(item, np.ndarray):
            return item
        name = f"i{len(arrays)}"
        arrays.append(item)
        layers[name] = Layer(
            name, "InputLayer", {"batch_shape": [None, *item.shape[1:]], "dtype": item.dtype.name}
        )
        return TensorRef(name)

    call = Call(
        "node",
        tuple(fed(item) for item in arguments),
        {key: fed(item) for key, item in keywords.items()},
    )
    inputs = tuple(TensorRef(name) for name in layers)
    layers["node"] = Layer("node", kind, config)
    return lambda count: Network(
        "m", layers, (call,), inputs, tuple(TensorRef("node", 0, i) for i in range(count))
    ), (arrays)


def compare(made, expected):
    build, arrays = made
    expected = [
        np.asarray(item)
        for item in (expected if isinstance(expected, list | tuple) else [expected])
    ]
    compiled = compile_network(build(len(expected)))

    actual = Session(compiled).run(
        {spec.name: array for spec, array in zip(compiled.inputs, arrays, strict=True)}
    )

    for got, wanted in zip(actual, expected, strict=True):
        assert got.shape == wanted.shape
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=2e-6)


def named(case):
    return " ".join(
        [case[0], *(str(item) for item in case[1:] if not isinstance(item, np.ndarray))]
    )[:60]


def function_of(symbol):
    found = tf
    for part in symbol.removeprefix("__operators__.").split("."):
        found = getattr(found, part)
    return found


def constant(item):
    if isinstance(item, list):
        return [constant(part) for part in item]
    return tf.constant(item) if isinstance(item, np.ndarray) else item


OPERATORS = {
    "add": lambda x, y: x + y,
    "eq": lambda self, other: self == other,
    "ne": lambda self, other: self != other,
    "logical_and": lambda x, y: x & y,
    "logical_or": lambda x, y: x | y,
    "logical_not": lambda x: ~x,
}


def function_at(symbol):
    short = symbol.removeprefix("__operators__.")
    return OPERATORS[short] if short != symbol else function_of(symbol)


def as_network(symbol, arguments):
    """The layer that Keras 2 makes of a call of a function."""
    names = [name for name in inspect.signature(function_at(symbol)).parameters if name != "name"]
    given = dict(zip(names[1:], arguments[1:], strict=False))
    if symbol.endswith("einsum"):  # its operands are a list of any length
        given = {"inputs": arguments[1:]}
    keywords = {key: item for key, item in given.items() if item is not None}
    return network(f"tf.{symbol}", (arguments[0],), keywords, {})


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_function_of_tensorflow_answers_as_in_tensorflow(case):
    symbol, *arguments = case

    compare(
        as_network(symbol, arguments),
        function_at(symbol)(*(constant(item) for item in arguments)),
    )


@pytest.mark.parametrize("case", GRAPH, ids=named)
def test_a_node_of_a_tensorflow_graph_answers_as_in_tensorflow(case):
    name, *inputs = case
    attributes = inputs.pop() if isinstance(inputs[-1], dict) else {}
    call = getattr(tf.raw_ops, name)
    keywords = {
        key: constant(item)
        for key, item in zip(inspect.signature(call).parameters, inputs, strict=False)
    }
    config = {
        item.name: default_of(item)
        for item in op_def_registry.get(name).attr
        if item.HasField("default_value")
    }
    flat = [part for item in inputs for part in (item if is_list_of_arrays(item) else [item])]
    config["constants"] = {
        str(i): item for i, item in enumerate(flat) if not isinstance(item, np.ndarray)
    }
    tensors = [item for item in flat if isinstance(item, np.ndarray)]

    made = network(
        f"tf.op.{name}", (tensors if len(tensors) > 1 else tensors[0],), {}, config | attributes
    )

    compare(
        made,
        call(**keywords, **{OLD_WORDS.get(key, key): item for key, item in attributes.items()}),
    )


OLD_WORDS = {"squeeze_dims": "axis"}
"""Attribute of a graph -> what the function of today calls it."""


def is_list_of_arrays(item):
    return isinstance(item, list) and isinstance(item[0], np.ndarray)


def default_of(attribute):
    """An attribute's default as a file has it."""
    kind = attribute.default_value.WhichOneof("value")
    found = getattr(attribute.default_value, kind)
    if kind == "type":
        return tf.as_dtype(found).name
    return found.decode() if kind == "s" else list(found.i) if kind == "list" else found


NOT_IN_KERAS = {
    "GatherNd", "LRN", "Rank", "Shape", "Size", "TensorScatterAdd", "gather", "gather_nd",
    "nn.local_response_normalization", "rank", "shape", "size", "tensor_scatter_nd_add",
    "tensor_scatter_nd_update",
}  # fmt: skip
"""Functions of which keras.ops has no counterpart, at least for some arguments."""


def written_for_keras(made, path):
    """The answers of real Keras to a network that is written for it."""
    build, arrays = made
    network = as_keras_calls(build(1))
    assert not any(layer.kind.startswith("tf.") for layer in network.layers.values())
    write(path, network, None)
    model = keras.models.load_model(path)
    answer = model(arrays[0] if len(arrays) == 1 else arrays)
    keras.backend.clear_session()
    return np.asarray(answer[0] if isinstance(answer, list | tuple) else answer)


FUNCTIONS = [case for case in CASES if case[0] not in NOT_IN_KERAS]


EVERY = [pytest.param(first, marks=pytest.mark.slow) for first in range(1, 12)]


@pytest.mark.parametrize("first", [0, *EVERY])
def test_functions_of_tensorflow_are_written_as_calls_that_keras_answers(first, tmp_path):
    for number, (symbol, *arguments) in enumerate(FUNCTIONS[first::12]):
        made = as_network(symbol, arguments)
        expected = function_at(symbol)(*(constant(item) for item in arguments))
        first = np.asarray(expected[0] if isinstance(expected, list | tuple) else expected)
        path = tmp_path / f"{number}{('.keras', '.h5')[number % 2]}"

        answer = written_for_keras(made, path)

        assert answer.shape == first.shape, symbol
        np.testing.assert_allclose(
            answer.astype(float), first.astype(float), rtol=1e-4, atol=1e-5, err_msg=symbol
        )


@pytest.mark.parametrize("symbol", sorted(NOT_IN_KERAS & {case[0] for case in CASES}))
def test_what_keras_cannot_express_is_refused_by_name(symbol):
    refused = 0
    for name, *arguments in CASES:
        if name != symbol:
            continue
        build, _ = as_network(symbol, arguments)
        try:
            as_keras_calls(build(1))
        except UnsupportedModelError as error:
            refused += "current Keras" in str(error) or "sizes" in str(error)

    assert refused


def test_every_function_and_node_is_compared():
    compared = {f"tf.{case[0]}" for case in CASES} | {f"tf.op.{case[0]}" for case in GRAPH}
    compared |= {f"tf.{row.name}" for row in rows() if row.kind == "alias"} | {"tf.slice"}

    assert (
        sorted(
            name
            for name in OPERATIONS
            if name.startswith("tf.") and name.replace("compat.v1.", "") not in compared
        )
        == []
    )


@pytest.mark.parametrize(
    "case",
    [("Div", N, M), ("Select", T[:, 0, 0], A, B), ("Cumprod", A, 1, {"reverse": True})],
    ids=named,
)
def test_a_node_with_another_meaning_is_refused(case):
    name, *inputs = case
    attributes = inputs.pop() if isinstance(inputs[-1], dict) else {}
    constants = {str(i): item for i, item in enumerate(inputs) if not isinstance(item, np.ndarray)}
    tensors = [item for item in inputs if isinstance(item, np.ndarray)]
    build, _ = network(f"tf.op.{name}", (tensors,), {}, {"constants": constants, **attributes})

    with pytest.raises(UnsupportedModelError, match=name):
        compile_network(build(1))
