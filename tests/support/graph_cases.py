"""Functions of TensorFlow that tests trace into graphs: one or more for each operation."""

from __future__ import annotations

import numpy as np
import pytest

from keramos.pipeline.load import load

tf = pytest.importorskip("tensorflow")
raw = tf.raw_ops

RANDOM = np.random.default_rng(17)


def numbers(*shape, low=-2.0, high=2.0):
    """Numbers of float32."""
    return RANDOM.uniform(low, high, shape).astype("f4")


X = numbers(3, 4)
POSITIVE = numbers(3, 4, low=0.1)
UNIT = numbers(3, 4, low=-0.9, high=0.9)
IMAGES = numbers(2, 8, 6, 3)
VOLUMES = numbers(2, 5, 6, 4, 2)
SERIES = numbers(3, 5, 4)
WHOLE = RANDOM.integers(-5, 6, (3, 4)).astype("i4")
PLACES = np.array([[0, 2], [1, 1], [3, 0]], "i4")
FLAGS = np.array([[True, False, True, False]] * 3)
KERNEL = numbers(3, 3, 3, 4)
DEPTH = numbers(3, 3, 3, 2)
BACK = numbers(3, 3, 5, 3)
BIAS, WIDE, TALL, PAIR = numbers(3, 1)[:, 0], numbers(4, 2), numbers(5, 4), numbers(2, 4)
CUBE = numbers(2, 3, 2, 2, 4)


def _unary(name, x=X):
    return lambda v: getattr(raw, name)(**{_first(name): v}), (x,)


def _first(name):
    return getattr(raw, name).__wrapped__.__code__.co_varnames[0] if name else ""


def _binary(name, x, y):
    return lambda a, b: getattr(raw, name)(x=a, y=b), (x, y)


PLAIN = (
    "Abs Asinh Atan Ceil Cos Cosh Elu Erf Erfc Exp Expm1 Floor IsFinite IsInf IsNan LeakyRelu "
    "LogSoftmax Neg OnesLike Relu Relu6 Rint Round Selu Sigmoid Sign Sin Sinh Softmax Softplus "
    "Softsign Square Tan Tanh ZerosLike L2Loss Rank Shape Size"
)
PAIRED = (
    "Add AddV2 Sub Mul Maximum Minimum SquaredDifference Greater GreaterEqual Less LessEqual "
    "Equal NotEqual MulNoNan FloorDiv FloorMod Atan2 Div RealDiv DivNoNan Xdivy"
)
UNARY = {
    **dict.fromkeys(PLAIN.split(), X),
    **dict.fromkeys(["Acosh", "Log", "Log1p", "Reciprocal", "Inv", "Rsqrt", "Sqrt"], POSITIVE + 1),
    **dict.fromkeys(["Acos", "Asin", "Atanh"], UNIT),
    "LogicalNot": FLAGS,
}
BINARY = {
    **dict.fromkeys(PAIRED.split(), (X, POSITIVE)),
    **dict.fromkeys(["Pow", "Xlogy", "Xlog1py"], (POSITIVE, POSITIVE)),
    **dict.fromkeys(["LogicalAnd", "LogicalOr"], (FLAGS, FLAGS[:, ::-1])),
    **dict.fromkeys(
        ["TruncateDiv", "TruncateMod", "BitwiseAnd", "BitwiseOr", "BitwiseXor"],
        (WHOLE, np.abs(WHOLE) + 1),
    ),
}
REDUCE = "All Any Max Mean Min Prod Sum"


def loop(x):
    """A loop over steps that keeps a sum and fills a list."""
    total, steps = tf.zeros_like(x[:, 0]), tf.shape(x)[1]
    kept = tf.TensorArray(tf.float32, steps)
    for i in tf.range(steps):
        total = 0.5 * total + x[:, i]
        kept = kept.write(i, tf.tanh(total))
    return total, tf.transpose(kept.stack(), [1, 0, 2])


def last_of(x):
    """A loop whose list has one place, as layers that give their last step write it."""
    kept = tf.TensorArray(tf.float32, 1, element_shape=(None, 4))
    state = tf.zeros_like(x[:, 0])
    for i in tf.range(tf.shape(x)[1]):
        state = tf.tanh(state + x[:, i])
        kept = kept.write(0, state)
    return kept.stack()[0]


def backwards(x):
    """A loop that reads one list and writes another from behind."""
    read, steps = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(x, [1, 0, 2])), 5
    kept = tf.TensorArray(tf.float32, steps, element_shape=(None, 4))
    for i in tf.range(steps):
        kept = kept.write(steps - 1 - i, 2.0 * read.read(i))
    return kept.stack()


def nested_loops(x):
    """A loop in a loop."""
    total = tf.zeros_like(x[:, 0])
    for i in tf.range(tf.shape(x)[1]):
        for j in tf.range(3):
            total += x[:, i] * tf.cast(j, tf.float32)
    return total


def by_step(x):
    """A loop of steps of two below a bound that does not fit."""
    total, i = tf.zeros_like(x), tf.constant(1)
    while tf.logical_and(i < 6, i < 100):
        total += x * tf.cast(i, tf.float32)
        i += 2
    return total


def chosen(x):
    """A branch that the values of a run choose."""
    if tf.reduce_sum(x) > 0:  # noqa: SIM108 (traced as a branch)
        y = x * 2.0
    else:
        y = x - 1.0
    return y


def _flat(x):
    return tf.reshape(x, [tf.shape(x)[0], -1])


CASES = {
    **{name: _unary(name, x) for name, x in UNARY.items()},
    **{name: _binary(name, *pair) for name, pair in BINARY.items()},
    **{
        f"{name}_{i}": (
            lambda v, name=name, axis=axis, keep=keep: getattr(raw, name)(
                input=v, axis=axis, keep_dims=keep
            ),
            (FLAGS if name in ("All", "Any") else X,),
        )
        for name in REDUCE.split()
        for i, (axis, keep) in enumerate([([1], False), ([0, 1], True), ([], False)])
    },
    "AddN": (lambda a, b: raw.AddN(inputs=[a, b, a]), (X, X)),
    "ArgMax": (lambda v: raw.ArgMax(input=v, dimension=1), (X,)),
    "ArgMin": (lambda v: raw.ArgMin(input=v, dimension=0, output_type=tf.int32), (X,)),
    "AvgPool": (lambda v: tf.nn.avg_pool2d(v, 3, 2, "SAME"), (IMAGES,)),
    "AvgPool3D": (lambda v: tf.nn.avg_pool3d(v, 2, 2, "VALID"), (VOLUMES,)),
    "BatchMatMulV2": (lambda v: raw.BatchMatMulV2(x=v, y=v, adj_y=True), (SERIES,)),
    "BatchToSpaceND": (
        lambda v: tf.batch_to_space(
            1 - tf.space_to_batch(v, [2, 3], [[1, 1], [2, 1]]), [2, 3], [[0, 1], [1, 1]]
        ),
        (IMAGES,),
    ),
    "SpaceToBatchND": (lambda v: tf.space_to_batch(v, [2, 3], [[1, 1], [2, 1]]), (IMAGES,)),
    "BiasAdd": (lambda v: tf.nn.bias_add(v, BIAS), (IMAGES,)),
    "BroadcastTo": (lambda v: tf.broadcast_to(v[:, :1], tf.shape(v)), (X,)),
    "Bucketize": (lambda v: raw.Bucketize(input=v, boundaries=[-1.0, 0.0, 0.5]), (X,)),
    "Cast": (
        lambda v: tf.cast(tf.cast(v, tf.int32), tf.float32) + tf.cast(v > 0, tf.float32),
        (X,),
    ),
    "ClipByValue": (lambda v: tf.clip_by_value(v, -0.5, 1.0), (X,)),
    "ConcatV2": (lambda a, b: tf.concat([a, b], -1), (X, X)),
    "Conv2D": (lambda v: tf.nn.conv2d(v, KERNEL, [1, 2, 1, 1], "SAME"), (IMAGES,)),
    "Conv2D_valid": (lambda v: tf.nn.conv2d(v, KERNEL, 2, "VALID", dilations=1), (IMAGES,)),
    "Conv2D_dilated": (lambda v: tf.nn.conv2d(v, KERNEL, 1, "VALID", dilations=[1, 2]), (IMAGES,)),
    "Conv2D_explicit": (
        lambda v: tf.nn.conv2d(v, KERNEL, 1, [[0, 0], [1, 2], [0, 1], [0, 0]]),
        (IMAGES,),
    ),
    "Conv2DBackpropInput": (
        lambda v: tf.nn.conv2d_transpose(v, BACK, [tf.shape(v)[0], 16, 12, 5], 2, "SAME"),
        (IMAGES,),
    ),
    "Conv2DBackpropInput_valid": (
        lambda v: tf.nn.conv2d_transpose(v, BACK, [tf.shape(v)[0], 17, 13, 5], 2, "VALID"),
        (IMAGES,),
    ),
    "Conv2DBackpropInput_odd": (
        lambda v: tf.nn.conv2d_transpose(v, BACK, [tf.shape(v)[0], 15, 11, 5], 2, "SAME"),
        (IMAGES,),
    ),
    "Conv2DBackpropInput_wide": (
        lambda v: tf.nn.conv2d_transpose(v, BACK[:1, :2], [tf.shape(v)[0], 24, 18, 5], 3, "SAME"),
        (IMAGES,),
    ),
    "Conv3D": (lambda v: tf.nn.conv3d(v, CUBE, [1, 1, 2, 1, 1], "SAME"), (VOLUMES,)),
    "Conv3DBackpropInputV2": (
        lambda v: tf.nn.conv3d_transpose(
            v, CUBE[..., :2, :2].transpose(0, 1, 2, 4, 3), [tf.shape(v)[0], 10, 12, 8, 2], 2, "SAME"
        ),
        (VOLUMES,),
    ),
    "Cumsum": (lambda v: tf.cumsum(v, 1, exclusive=True, reverse=True), (X,)),
    "Cumprod": (lambda v: tf.math.cumprod(v, 1), (X,)),
    "DenseBincount": (
        lambda v: raw.DenseBincount(input=v, size=6, weights=np.empty(0, "f4"), binary_output=True),
        (PLACES,),
    ),
    "DenseBincount_counts": (
        lambda v: raw.DenseBincount(input=v, size=3, weights=np.empty(0, "f4")),
        (PLACES,),
    ),
    "DepthToSpace": (lambda v: tf.nn.depth_to_space(tf.tile(v, [1, 1, 1, 4]), 2), (IMAGES,)),
    "DepthwiseConv2dNative": (
        lambda v: tf.nn.depthwise_conv2d(v, DEPTH, [1, 1, 1, 1], "SAME", dilations=[2, 2]),
        (IMAGES,),
    ),
    "Einsum": (lambda a, b: tf.einsum("bij,bkj->bik", a, b), (SERIES, SERIES)),
    "Einsum_dots": (lambda v: tf.einsum("...i,io->...o", v, WIDE), (SERIES,)),
    "ExpandDims": (lambda v: tf.expand_dims(v, -2), (X,)),
    "Fill": (lambda v: tf.fill(tf.shape(v), 2.5) + tf.zeros([tf.shape(v)[0], 4]), (X,)),
    "FusedBatchNormV3": (
        lambda v: raw.FusedBatchNormV3(
            x=v,
            scale=[1.0, 2, 3],
            offset=[0.0, 1, 2],
            mean=[0.1, 0, 0],
            variance=[1.0, 2, 1],
            epsilon=0.01,
            is_training=False,
        )[0],
        (IMAGES,),
    ),
    "FusedBatchNormV3_of_the_batch": (
        lambda v: raw.FusedBatchNormV3(
            x=v,
            scale=[1.0, 2, 3],
            offset=[0.0, 1, 2],
            mean=[],
            variance=[],
            epsilon=0.01,
            is_training=True,
        )[0],
        (IMAGES,),
    ),
    "GatherNd": (lambda v, i: tf.gather_nd(v, i), (X, PLACES[:, :2] % 3)),
    "GatherV2": (lambda v, i: tf.gather(v, i, axis=1), (X, PLACES)),
    "GatherV2_by_row": (lambda v, i: tf.gather(v, i, batch_dims=1), (X, PLACES)),
    "If": (chosen, (X,)),
    "LRN": (lambda v: tf.nn.lrn(v, 2, 1.0, 0.5, 0.7), (IMAGES,)),
    "LinSpace": (lambda v: v + raw.LinSpace(start=0.0, stop=1.0, num=4), (X,)),
    "MatMul": (lambda v: tf.matmul(v, TALL, transpose_b=True), (X,)),
    "MatrixBandPart": (lambda v: tf.linalg.band_part(v, 1, 0), (SERIES,)),
    "MatrixDiagV3": (lambda v: tf.linalg.diag(v), (X,)),
    "MaxPool": (lambda v: tf.nn.max_pool2d(v, [2, 3], 2, "SAME"), (IMAGES,)),
    "MaxPool3D": (lambda v: tf.nn.max_pool3d(v, 2, 2, "SAME"), (VOLUMES,)),
    "MirrorPad": (lambda v: tf.pad(v, [[0, 0], [1, 2]], "REFLECT"), (X,)),
    "OneHot": (lambda v: tf.one_hot(v, 4, 2.0, -1.0), (PLACES,)),
    "Pack": (lambda a, b: tf.stack([a, b], 1), (X, X)),
    "Pad": (lambda v: tf.pad(v, [[0, 0], [1, 0], [0, 2], [0, 0]]), (IMAGES,)),
    "PadV2": (lambda v: tf.pad(v, [[0, 0], [1, 0]], constant_values=3.0), (X,)),
    "Range": (lambda v: v + tf.cast(tf.range(tf.shape(v)[1]), tf.float32), (X,)),
    "Reshape": (_flat, (SERIES,)),
    "Reshape_dynamic": (
        lambda v: tf.reshape(v, [tf.shape(v)[0] * tf.shape(v)[1], 2, tf.shape(v)[2] // 2]),
        (SERIES,),
    ),
    "ResizeBilinear": (lambda v: tf.image.resize(v, [5, 9]), (IMAGES,)),
    "ResizeBilinear_corners": (
        lambda v: raw.ResizeBilinear(images=v, size=[5, 9], align_corners=True),
        (IMAGES,),
    ),
    "ResizeNearestNeighbor": (lambda v: tf.image.resize(v, [16, 12], "nearest"), (IMAGES,)),
    "ResizeNearestNeighbor_twice": (
        lambda v: raw.ResizeNearestNeighbor(
            images=v, size=tf.shape(v)[1:3] * 2, half_pixel_centers=True
        ),
        (IMAGES,),
    ),
    "ReverseV2": (lambda v: tf.reverse(v, [1, 2]), (SERIES,)),
    "Roll": (lambda v: tf.roll(v, 1, 1), (X,)),
    "Select": (lambda v: raw.Select(condition=v > 0, x=v, y=-v), (X,)),
    "Select_rows": (lambda v: raw.Select(condition=v[:, 0] > 0, x=v, y=-v), (X,)),
    "SelectV2": (lambda v: tf.where(v > 0, v, 0.0), (X,)),
    "Slice": (lambda v: tf.slice(v, [0, 1, 0], [-1, 2, -1]), (SERIES,)),
    "Slice_dynamic": (lambda v: tf.slice(v, [0, 1, 0], [tf.shape(v)[0], 2, 3]), (SERIES,)),
    "SpaceToDepth": (lambda v: tf.nn.space_to_depth(v, 2), (IMAGES,)),
    "Split": (lambda v: tf.split(v, 2, 1)[1] * tf.split(v, 2, 1)[0], (X,)),
    "SplitV": (lambda v: tf.split(v, [1, 3], 1)[1], (X,)),
    "SparseSoftmax": (
        lambda v: raw.SoftmaxCrossEntropyWithLogits(features=v, labels=tf.nn.softmax(-v))[0],
        (X,),
    ),
    "Squeeze": (lambda v: tf.squeeze(v[:, :1], [1]), (X,)),
    "StridedSlice": (lambda v: v[:, ::-2, tf.newaxis, 1:], (SERIES,)),
    "StridedSlice_ellipsis": (lambda v: v[..., -1], (SERIES,)),
    "StridedSlice_dynamic": (lambda v: v[:, : tf.shape(v)[1] - 1, tf.shape(v)[2] - 2], (SERIES,)),
    "StridedSlice_by_value": (lambda v, i: v[:, i[0, 0] :], (X, PLACES + 1)),
    "TensorScatterUpdate": (lambda v: tf.tensor_scatter_nd_update(v, [[0], [2]], PAIR), (X,)),
    "Tile": (lambda v: tf.tile(v, [1, 3]), (X,)),
    "Tile_dynamic": (lambda v: tf.tile(v[:1], [tf.shape(v)[0], 1]), (X,)),
    "TopKV2": (lambda v: tf.math.top_k(v, 2).values, (X,)),
    "Transpose": (lambda v: tf.transpose(v, [0, 2, 1]), (SERIES,)),
    "Unpack": (lambda v: tf.unstack(v, axis=1)[2], (X,)),
    "Where": (lambda v: tf.reduce_sum(tf.where(v > 0), 0), (X,)),
    "While": (lambda v: loop(v)[1], (SERIES,)),
    "While_total": (lambda v: loop(v)[0], (SERIES,)),
    "While_backwards": (backwards, (SERIES,)),
    "While_last": (last_of, (SERIES,)),
    "While_nested": (nested_loops, (SERIES,)),
    "While_by_step": (by_step, (X,)),
}


def saved_cases(folder, names, cases=CASES, kept=None):
    """A SavedModel with one signature for each case, and what TensorFlow answers; ``kept`` is what
    functions capture.
    """
    module, signatures, wanted = tf.Module(), {}, {}
    module.kept = kept
    for name in names:
        function, inputs = cases[name]
        specs = [
            tf.TensorSpec([None, *one.shape[1:]], one.dtype, name=f"x{i}")
            for i, one in enumerate(inputs)
        ]
        traced = tf.function(_named(function, len(inputs)), input_signature=specs)
        wanted[name] = traced(*map(tf.constant, inputs))["y"].numpy()
        setattr(module, f"case_{name}", traced)
        signatures[name] = traced
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder, wanted


def _named(function, inputs):
    if inputs == 1:
        return lambda x0: {"y": function(x0)}
    return lambda x0, x1: {"y": function(x0, x1)}


def answers_as_tensorflow(folder, name, given, wanted):
    """Fails unless a signature of saved cases gives what TensorFlow gave for the same inputs."""
    inputs = {f"x{i}": one for i, one in enumerate(given)}

    found = load(folder, by=f"graph:{name}").predict(inputs)

    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
