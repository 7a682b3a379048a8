"""Functions of TensorFlow that reach attributes, dtypes and edges of operations."""

from __future__ import annotations

import numpy as np

from support.graph_cases import FLAGS, IMAGES, PLACES, SERIES, VOLUMES, WHOLE, X, numbers, raw, tf

BOTH = np.array([[7, -7, 0, 5], [-1, 3, -9, 8], [2, -2, 6, -6]], "i4")
SIGNS = np.array([[3, -3, 3, -3], [2, -2, -4, 4], [-5, 5, 1, -1]], "i4")
REALS = BOTH.astype("f4") / 3
TIES = np.array([[1, 3, 3, 2], [2, 2, 2, 2], [-1, 0, -1, 0]], "f4")
SPECIAL = np.array(
    [[np.nan, np.inf, -np.inf, 1], [0, -0.0, 2.5, -2.5], [0.5, 1.5, 3e9, -3e9]], "f4"
)
SAFE = np.array([[1.9, -1.9, 2.5, -2.5], [0.5, -0.5, 127.2, -7.7], [200.1, 3, 0, -1]], "f4")
DEEP = numbers(2, 3, 4, 5)
MATRICES = numbers(3, 2, 4)
STEPS = np.array([[2, 0, 1, 3], [0, 0, 2, 1], [3, 3, 3, 3]], "i4")
BYTES = np.array([[250, 3], [7, 255], [128, 0]], "u1")


def of(name, **more):
    """A raw operation of one input."""
    return lambda v: getattr(raw, name)(input=v, **more)


def pair(name, **more):
    """A raw operation of two inputs."""
    return lambda a, b: getattr(raw, name)(x=a, y=b, **more)


def cast(*kinds):
    """Casts one after another."""

    def run(v):
        for kind in kinds:
            v = tf.cast(v, kind)
        return v

    return run


UNARY_WHOLE = "Abs Neg Sign Square OnesLike ZerosLike"
KINDS = "int32 int64 int16 float64 bool"
REDUCED = "Max Mean Min Prod Sum"
REDUCED_WHOLE = "Max Min Prod Sum Mean"
CASES = {
    **{
        f"{name}_whole": (pair(name), (BOTH, SIGNS))
        for name in [
            "FloorDiv",
            "FloorMod",
            "TruncateDiv",
            "TruncateMod",
            "Maximum",
            "Mul",
            "Sub",
            "Div",
            "Equal",
        ]
    },
    **{
        f"{name}_real": (pair(name), (REALS, SIGNS.astype("f4")))
        for name in [
            "FloorDiv",
            "FloorMod",
            "TruncateMod",
            "RealDiv",
            "DivNoNan",
            "Pow",
            "Atan2",
            "Mod",
        ]
    },
    "FloorDiv_long": (pair("FloorDiv"), (BOTH.astype("i8"), SIGNS.astype("i8"))),
    "Pow_whole": (pair("Pow"), (BOTH, np.abs(SIGNS))),
    "Minimum_nan": (pair("Minimum"), (SPECIAL, X)),
    "Maximum_nan": (pair("Maximum"), (X, SPECIAL)),
    "MulNoNan_zero": (pair("MulNoNan"), (SPECIAL, np.zeros_like(X))),
    "DivNoNan_zero": (pair("DivNoNan"), (SPECIAL, np.zeros_like(X))),
    "Xlogy_zero": (pair("Xlogy"), (np.zeros_like(X), np.abs(X))),
    "NotEqual_nan": (pair("NotEqual"), (SPECIAL, SPECIAL)),
    "Equal_texts": (lambda v: raw.Equal(x=tf.strings.as_string(v), y="7"), (BOTH,)),
    **{
        f"{name}_special": (lambda v, name=name: getattr(raw, name)(x=v), (SPECIAL,))
        for name in [
            "Round",
            "Rint",
            "Floor",
            "Ceil",
            "Sign",
            "Abs",
            "IsNan",
            "IsFinite",
            "Sigmoid",
            "Tanh",
            "Exp",
            "Neg",
            "Erf",
        ]
    },
    **{
        f"{name}_whole": (lambda v, name=name: getattr(raw, name)(x=v), (BOTH,))
        for name in UNARY_WHOLE.split()
    },
    "Relu_whole": (lambda v: raw.Relu(features=v), (BOTH,)),
    "Relu6_special": (lambda v: raw.Relu6(features=v), (SPECIAL,)),
    "LeakyRelu_slope": (lambda v: raw.LeakyRelu(features=v, alpha=0.35), (X,)),
    "LeakyRelu_steep": (lambda v: raw.LeakyRelu(features=v, alpha=1.5), (X,)),
    "Softmax_deep": (lambda v: raw.Softmax(logits=v), (DEEP,)),
    **{f"Cast_{kind}": (cast(kind), (SAFE,)) for kind in KINDS.split()},
    "Cast_half": (cast("float16", "float32"), (np.round(X, 1) * 0 + 1.5,)),
    "Cast_narrow": (cast("int8", "int32"), (np.array([[300, -129], [127, -128]], "i4"),)),
    "Cast_unsigned": (cast("uint8", "int32"), (np.array([[300, -1], [127, 256]], "i4"),)),
    "Cast_flags": (cast("float32"), (FLAGS,)),
    "Cast_long": (cast("int32"), (np.array([[2**33 + 5, -1]], "i8"),)),
    "Cast_bytes": (cast("float32"), (BYTES,)),
    "BroadcastTo_new": (lambda v: tf.broadcast_to(v, [2, 3, 4]), (X,)),
    "SelectV2_broadcast": (
        lambda v, f: raw.SelectV2(condition=f[:, :1], t=v[:1], e=-v),
        (X, FLAGS),
    ),
    "SelectV2_whole": (lambda v, f: raw.SelectV2(condition=f, t=v, e=0), (BOTH, FLAGS)),
    "ArgMax_ties": (of("ArgMax", dimension=1), (TIES,)),
    "ArgMin_ties": (of("ArgMin", dimension=-1), (TIES,)),
    "ArgMax_first": (of("ArgMax", dimension=-2, output_type=tf.int32), (DEEP,)),
    "TopKV2_ties": (lambda v: raw.TopKV2(input=v, k=3).indices, (TIES,)),
    "TopKV2_values": (lambda v: raw.TopKV2(input=v, k=4, sorted=True).values, (TIES,)),
    "TopKV2_whole": (lambda v: raw.TopKV2(input=v, k=2).values, (BOTH,)),
    "TopKV2_dynamic": (lambda v: tf.sort(v, -1), (X,)),
    "TopKV2_sorted_down": (lambda v: tf.argsort(v, -1, "DESCENDING"), (X,)),
    "GatherNd_slices": (lambda v, i: tf.gather_nd(v, i[..., None] % 2), (DEEP[:, 0], PLACES[:2])),
    "GatherV2_negative": (
        lambda v, i: tf.gather(v, i, axis=-2),
        (DEEP, np.array([[2, 0], [1, 1]], "i8")),
    ),
    "ScatterNd": (lambda v: tf.scatter_nd([[1], [3], [1]], v, [5, 4]), (X,)),
    "ScatterNd_dynamic": (
        lambda v: tf.scatter_nd([[0], [1], [0]], v, [tf.shape(v)[0] + 1, 4]),
        (X,),
    ),
    "TensorScatterAdd": (lambda v: tf.tensor_scatter_nd_add(v, [[0], [0]], v[:2]), (X,)),
    "TensorScatterMax": (lambda v: tf.tensor_scatter_nd_max(v, [[0], [2]], v[1:]), (X,)),
    "TensorScatterSub": (lambda v: tf.tensor_scatter_nd_sub(v, [[0], [0]], v[:2]), (X,)),
    **{
        f"{name}_axes_{i}": (of(name, axis=axis, keep_dims=keep), (DEEP,))
        for name in REDUCED.split()
        for i, (axis, keep) in enumerate([([-1, -3], True), (-2, False), ([1, 2], False)])
    },
    **{f"{name}_whole": (of(name, axis=1), (BOTH,)) for name in REDUCED_WHOLE.split()},
    "Sum_every": (lambda v: raw.Sum(input=v, axis=tf.range(tf.rank(v))) + v[:, 0], (X,)),
    "EuclideanNorm": (of("EuclideanNorm", axis=[1], keep_dims=True), (X,)),
    "Max_empty": (lambda v: raw.Sum(input=v[:, :0], axis=1), (X,)),
    "BatchMatMul_adj": (
        lambda v: raw.BatchMatMulV2(x=v, y=v, adj_x=True, adj_y=False),
        (MATRICES,),
    ),
    "BatchMatMul_wide": (
        lambda v: tf.matmul(v[:, None], v[None, 0], transpose_b=True),
        (MATRICES,),
    ),
    "MatMul_both": (
        lambda v: raw.MatMul(a=v, b=numbers_of(5, 3), transpose_a=True, transpose_b=True),
        (X,),
    ),
    "MatMul_whole": (lambda v: tf.matmul(v, v, transpose_b=True), (BOTH,)),
    "Einsum_trace": (lambda v: tf.einsum("bij,bij->b", v, v), (MATRICES,)),
    "Einsum_ellipsis": (lambda a, b: tf.einsum("...ij,...kj->...ik", a, b), (MATRICES, MATRICES)),
    "Einsum_outer": (lambda v: tf.einsum("bi,bj->bij", v, v), (X,)),
    "AvgPool_same": (
        lambda v: raw.AvgPool(value=v, ksize=[1, 3, 2, 1], strides=[1, 2, 1, 1], padding="SAME"),
        (IMAGES,),
    ),
    "MaxPool_edges": (
        lambda v: raw.MaxPool(
            input=v,
            ksize=[1, 3, 2, 1],
            strides=[1, 2, 1, 1],
            padding="EXPLICIT",
            explicit_paddings=[0, 0, 1, 1, 0, 1, 0, 0],
        ),
        (IMAGES,),
    ),
    "Conv2D_far": (
        lambda v: tf.nn.conv2d(v, KERNELS, 1, "SAME", dilations=[2, 3]),
        (IMAGES,),
    ),
    "Conv2D_groups": (
        lambda v: tf.nn.conv2d(tf.tile(v, [1, 1, 1, 2]), KERNELS, 2, "SAME"),
        (IMAGES,),
    ),
    "Conv2D_double": (
        lambda v: tf.cast(
            tf.nn.conv2d(tf.cast(v, "float64"), KERNELS.astype("f8"), 1, "VALID"), "float32"
        ),
        (IMAGES,),
    ),
    "DepthwiseConv2dNative_steps": (
        lambda v: tf.nn.depthwise_conv2d(v, DEPTHS, [1, 2, 2, 1], "VALID"),
        (IMAGES,),
    ),
    "Conv2DBackpropInput_edges": (
        lambda v: tf.nn.conv2d_transpose(
            v, BACKS, [2, 15, 12, 5], 2, [[0, 0], [1, 1], [1, 0], [0, 0]]
        ),
        (IMAGES,),
    ),
    "Conv3D_far": (
        lambda v: raw.Conv3D(
            input=v,
            filter=CUBES,
            strides=[1, 1, 1, 1, 1],
            padding="VALID",
            dilations=[1, 1, 1, 1, 1],
        ),
        (VOLUMES,),
    ),
    "ExtractImagePatches": (
        lambda v: tf.image.extract_patches(v, [1, 3, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME"),
        (IMAGES,),
    ),
    **{
        f"Resize{how}_{i}": (
            lambda v, how=how, size=size, more=more: getattr(raw, f"Resize{how}")(
                images=v, size=size, **more
            ),
            (IMAGES,),
        )
        for how in ("Bilinear", "NearestNeighbor")
        for i, (size, more) in enumerate(
            [
                ([5, 9], {}),
                ([11, 4], {"align_corners": True}),
                ([5, 9], {"half_pixel_centers": True}),
                ([16, 12], {}),
                ([4, 3], {}),
            ]
        )
    },
    "ResizeBilinear_bytes": (
        lambda v: raw.ResizeBilinear(images=tf.cast(v[..., None, None], "uint8"), size=[3, 2]),
        (BYTES,),
    ),
    "FusedBatchNormV3_variance": (
        lambda v: raw.FusedBatchNormV3(
            x=v,
            scale=[1.0, 2, 3],
            offset=[0.0, 1, 2],
            mean=[],
            variance=[],
            epsilon=0.01,
            is_training=True,
        )[2],
        (IMAGES,),
    ),
    "Cumsum_plain": (lambda v: tf.cumsum(v, -2), (DEEP,)),
    "Cumsum_whole": (lambda v: tf.cumsum(v, 1, reverse=True), (BOTH,)),
    "OneHot_axis": (lambda v: tf.one_hot(v, 4, axis=1), (STEPS,)),
    "OneHot_outside": (lambda v: tf.one_hot(v - 1, 3, dtype="int32"), (STEPS,)),
    "OneHot_flags": (lambda v: tf.one_hot(v, 4, True, False), (STEPS,)),
    "Pack_last": (lambda a, b: tf.stack([a, b], -1), (X, X)),
    "Unpack_dynamic": (lambda v: tf.unstack(v, axis=-1)[1], (DEEP,)),
    "Pad_whole": (lambda v: tf.pad(v, [[0, 0], [2, 1]], constant_values=-7), (BOTH,)),
    "Pad_dynamic": (lambda v: tf.pad(v, [[0, 0], [0, tf.shape(v)[0]]]), (X,)),
    "MirrorPad_symmetric": (lambda v: tf.pad(v, [[0, 0], [2, 1]], "SYMMETRIC"), (X,)),
    "Split_last": (lambda v: tf.split(v, 2, -1)[1], (MATRICES,)),
    "SplitV_rest": (lambda v: tf.split(v, [1, -1, 1], -1)[1], (MATRICES,)),
    "Squeeze_every": (lambda v: tf.squeeze(v[:, :1, :, :1]), (DEEP,)),
    "Squeeze_negative": (lambda v: tf.squeeze(v[:, :1], [-3]), (DEEP,)),
    "StridedSlice_masks": (lambda v: v[..., tf.newaxis, 1, ::-1], (DEEP,)),
    "StridedSlice_negative": (lambda v: v[:, -1:-4:-2, -3:], (SERIES,)),
    "StridedSlice_beyond": (lambda v: v[:, 2:99, -99:2], (SERIES,)),
    "StridedSlice_empty": (lambda v: v[:, 3:1] + 0.0, (SERIES,)),
    "StridedSlice_end": (lambda v: v[:-1, 0:-1, tf.newaxis], (SERIES,)),
    "StridedSlice_backwards": (lambda v: v[:, tf.shape(v)[1] - 2 :: -1], (SERIES,)),
    "StridedSlice_new_dynamic": (lambda v: v[:, : tf.shape(v)[1] - 2, tf.newaxis, ..., 1], (DEEP,)),
    "Slice_long": (
        lambda v: raw.Slice(input=v, begin=np.array([0, 1, 0]), size=np.array([-1, -1, 2])),
        (SERIES,),
    ),
    "Reverse_negative": (lambda v: tf.reverse(v, [-1]), (DEEP,)),
    "ReverseSequence": (
        lambda v, i: tf.reverse_sequence(v, i[:, 0] + 1, 1),
        (SERIES, STEPS),
    ),
    "Roll_several": (lambda v: tf.roll(v, [1, -2], [1, -1]), (DEEP,)),
    "Tile_deep": (lambda v: tf.tile(v, [1, 2, 1, 3]), (DEEP,)),
    "Transpose_negative": (lambda v: raw.Transpose(x=v, perm=[0, -1, 1, 2]), (DEEP,)),
    "Range_down": (lambda v: v + tf.cast(tf.range(8, 0, -2), "float32"), (X,)),
    "Range_real": (lambda v: v + tf.range(0.0, 1.0, 0.25), (X,)),
    "Reshape_long": (
        lambda v: tf.reshape(v, tf.stack([tf.shape(v, "int64")[0], 2, -1])),
        (SERIES[:, :4],),
    ),
    "Shape_sum": (lambda v: v / tf.cast(tf.reduce_prod(tf.shape(v)[1:]), "float32"), (SERIES,)),
    "Size_long": (lambda v: v * tf.cast(tf.size(v, "int64"), "float32"), (X,)),
    "Where_three": (lambda v: tf.where(v > 0), (X,)),
    "BooleanMask": (lambda v, f: tf.boolean_mask(v, f[:, 0]), (X, FLAGS)),
    "ClipByValue_edges": (lambda v: tf.clip_by_value(v, [-1.0, 0, 0, -3], 0.5), (X,)),
    "MatrixBandPart_all": (lambda v: tf.linalg.band_part(v, -1, 0), (MATRICES,)),
    "MatrixDiagPartV3": (lambda v: tf.linalg.diag_part(v), (MATRICES,)),
    "MatrixSetDiagV3": (lambda v: tf.linalg.set_diag(v, v[:, :, 0]), (MATRICES,)),
    "FakeQuantWithMinMaxArgs": (
        lambda v: tf.quantization.fake_quant_with_min_max_args(v, -1.3, 1.6),
        (X,),
    ),
    "FakeQuantWithMinMaxVars": (
        lambda v: tf.quantization.fake_quant_with_min_max_vars(v, -0.4, 1.1, 4, True),
        (X,),
    ),
    "FakeQuantWithMinMaxVarsPerChannel": (
        lambda v: tf.quantization.fake_quant_with_min_max_vars_per_channel(
            v, [-1.0, -2, 0.5, 0], [1.0, 2, 3, 1.5]
        ),
        (X,),
    ),
    "SparseSoftmaxCrossEntropyWithLogits": (
        lambda v, i: raw.SparseSoftmaxCrossEntropyWithLogits(features=v, labels=i[:, 0])[0],
        (X, STEPS),
    ),
    "Bincount": (lambda v: v + tf.math.bincount(v % 4, minlength=4, maxlength=4), (np.abs(BOTH),)),
    "DenseBincount_weights": (
        lambda v, w: raw.DenseBincount(input=v, size=4, weights=w),
        (STEPS, X),
    ),
    "Unique_back": (lambda v: tf.unique(tf.reshape(v, [-1])).y, (STEPS,)),
    "SearchSorted": (lambda v: tf.searchsorted([[-1.0, 0.0, 1.0]] * 3, v), (X,)),
    "UpperBound": (lambda v: tf.searchsorted([[-1.0, 0.0, 1.0]] * 3, v, "right"), (X,)),
    "LRN_plain": (lambda v: tf.nn.lrn(v), (IMAGES,)),
    "RGBToHSV": (lambda v: tf.image.rgb_to_hsv(tf.abs(v)), (IMAGES,)),
    "HSVToRGB": (lambda v: tf.image.hsv_to_rgb(tf.abs(v) / 3), (IMAGES,)),
    "AdjustContrastv2": (lambda v: tf.image.adjust_contrast(v, 0.7), (IMAGES,)),
    "InvertPermutation": (
        lambda v: v + tf.cast(tf.math.invert_permutation([2, 0, 1, 3]), "float32"),
        (X,),
    ),
    "BitwiseAnd_shift": (
        lambda v: tf.bitwise.left_shift(v, 2) + tf.bitwise.right_shift(v, 1) + tf.bitwise.invert(v),
        (BOTH,),
    ),
    "LogicalAnd_broadcast": (lambda f: tf.logical_and(f, f[:, :1]), (FLAGS,)),
    "Case": (
        lambda v: tf.switch_case(
            tf.cast(v[0, 0] > 0, "int32") + 1, [lambda: v, lambda: v * 2, lambda: v - 1]
        ),
        (X,),
    ),
    "L2Loss": (lambda v: v + tf.nn.l2_loss(v), (X,)),
    "Softsign_whole": (lambda v: tf.nn.softsign(v), (REALS,)),
    "Cross": (lambda v: tf.linalg.cross(v[:, :3], v[:, 1:]), (X,)),
    "WHOLE_mean": (lambda v: tf.reduce_mean(tf.cast(v, "float32"), -1), (WHOLE,)),
}


def numbers_of(*shape):
    """Constants of a case."""
    return np.linspace(-1, 1, int(np.prod(shape)), dtype="f4").reshape(shape)


KERNELS, DEPTHS, BACKS = numbers_of(3, 3, 3, 4), numbers_of(3, 3, 3, 2), numbers_of(3, 3, 5, 3)
CUBES = numbers_of(2, 3, 2, 2, 4)
