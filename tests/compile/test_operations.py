"""Functions of keras.ops as nodes, against real Keras: one row a case; saved by Keras, read as
data, compared.
"""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.compile.operations.table import KERAS
from keramos.runtime.session import Session

RNG = np.random.default_rng(0)
A = RNG.normal(size=(5, 4, 6)).astype("float32")
A[0, 0, :3] = 0.0, 1.0, -1.0
B = RNG.normal(size=(5, 4, 6)).astype("float32")
N = RNG.integers(-3, 6, size=(5, 4)).astype("int32")
KERNEL = RNG.normal(size=(3, 2, 2, 4)).astype("float32")
IMAGES = RNG.normal(size=(5, 6, 6, 2)).astype("float32")

ONE = (
    "abs arctan arcsinh ceil cos cosh erf exp exp2 expm1 fabs floor isfinite isinf "
    "isnan isneginf isposinf logical_not"
)
ONE += (
    " negative rad2deg deg2rad sigmoid sign signbit sin sinc sinh square tan tanh "
    "trunc relu relu6 selu silu softplus"
)
ONE += (
    " softsign hard_sigmoid hard_silu hard_tanh hard_shrink soft_shrink tanh_shrink "
    "log_sigmoid squareplus sparse_plus"
)
ONE += (
    " sparse_sigmoid gelu elu celu leaky_relu glu softmax log_softmax cbrt ravel "
    "copy stop_gradient absolute conj"
)
POSITIVE = "log log10 log1p log2 sqrt rsqrt reciprocal"
INSIDE = "arcsin arccos arctanh erfc"
TWO = (
    "add subtract multiply divide true_divide maximum minimum arctan2 hypot "
    "logaddexp floor_divide mod divide_no_nan"
)
TWO += " equal not_equal greater greater_equal less less_equal"
ALONG = "sum mean max min prod any all std var logsumexp amax amin count_nonzero"

CASES = {
    **{name: lambda a, b, n, name=name: getattr(ops, name)(a) for name in ONE.split()},
    **{
        name: lambda a, b, n, name=name: getattr(ops, name)(ops.abs(a) + 0.3)
        for name in POSITIVE.split()
    },
    **{
        name: lambda a, b, n, name=name: getattr(ops, name)(ops.tanh(a) * 0.9)
        for name in INSIDE.split()
    },
    "arccosh": lambda a, b, n: ops.arccosh(ops.abs(a) + 1.1),
    **{name: lambda a, b, n, name=name: getattr(ops, name)(a, b) for name in TWO.split()},
    **{
        f"{name} numbers": lambda a, b, n, name=name: getattr(ops, name)(n, 2)
        for name in TWO.split()
        if name != "hypot"
    },
    **{
        f"{name} all": lambda a, b, n, name=name: ops.reshape(getattr(ops, name)(a), (1, 1))
        for name in ALONG.split()
    },
    **{
        f"{name} axis": lambda a, b, n, name=name: getattr(ops, name)(a, axis=(1, -1))
        for name in ALONG.split()
    },
    **{
        f"{name} axis kept": lambda a, b, n, name=name: getattr(ops, name)(n, axis=1, keepdims=True)
        for name in ALONG.split()
        if name not in ("count_nonzero", "logsumexp")
    },
    "numbers with floats": lambda a, b, n: ops.expand_dims(n, -1) * a + 1,
    "a number and a list": lambda a, b, n: (
        2.5 - a * np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "float32")
    ),
    "a stored array": lambda a, b, n: ops.matmul(a, np.arange(12, dtype="float32").reshape(6, 2)),
    "whole numbers and a float": lambda a, b, n: n / 4 + 0.5,
    "logic": lambda a, b, n: ops.logical_or(
        ops.logical_and(a > 0, b > 0), ops.logical_xor(a > 1, b > 1)
    ),
    "bits": lambda a, b, n: ops.bitwise_xor(ops.bitwise_and(n, n + 3), ops.bitwise_or(n, n * 5)),
    "conjugate": lambda a, b, n: ops.conjugate(ops.real(a)),
    "power": lambda a, b, n: ops.abs(a) ** 1.5,
    "power of numbers": lambda a, b, n: n**2,
    "round": lambda a, b, n: ops.round(a * 3),
    "round decimals": lambda a, b, n: ops.round(a, 2),
    "clip": lambda a, b, n: ops.clip(a, -0.5, 0.7),
    "where": lambda a, b, n: ops.where(a > b, a, 0.0),
    "cast": lambda a, b, n: ops.cast(a * 3, "int32"),
    "cast bool": lambda a, b, n: ops.cast(n, "bool"),
    "cast half": lambda a, b, n: ops.cast(ops.cast(a, "float16"), "float32"),
    "nan to num": lambda a, b, n: ops.nan_to_num(a / ops.relu(b), nan=7.0, posinf=1.0, neginf=-2.0),
    "argmax": lambda a, b, n: ops.argmax(a, axis=1),
    "argmin": lambda a, b, n: ops.argmin(n, axis=-1),
    "ptp": lambda a, b, n: ops.max(a, axis=1) - ops.min(a, axis=1),
    "cumsum": lambda a, b, n: ops.cumsum(a, axis=1),
    "sort": lambda a, b, n: ops.sort(a, axis=1),
    "argsort": lambda a, b, n: ops.argsort(a, axis=-1),
    "top k": lambda a, b, n: ops.top_k(a, 3)[0],
    "top k places": lambda a, b, n: ops.top_k(a, 3)[1],
    "moments": lambda a, b, n: ops.moments(a, axes=[1])[1],
    "norm": lambda a, b, n: ops.norm(a, axis=-1),
    "norm 1": lambda a, b, n: ops.norm(a, ord=1, axis=-1),
    "norm matrix": lambda a, b, n: ops.norm(a, axis=(1, 2)),
    "max initial": lambda a, b, n: ops.max(a, axis=1, initial=0.5),
    "reshape": lambda a, b, n: ops.reshape(a, (-1, 12)),
    "reshape inside": lambda a, b, n: ops.reshape(a, (5, 2, -1)),
    "transpose": lambda a, b, n: ops.transpose(a, (0, 2, 1)),
    "transpose all": lambda a, b, n: ops.transpose(a),
    "swapaxes": lambda a, b, n: ops.swapaxes(a, 1, -1),
    "moveaxis": lambda a, b, n: ops.moveaxis(a, 2, 0),
    "moveaxis two": lambda a, b, n: ops.moveaxis(a, (0, 1), (2, 0)),
    "expand dims": lambda a, b, n: ops.expand_dims(a, -2),
    "squeeze": lambda a, b, n: ops.squeeze(ops.expand_dims(a, 1), 1),
    "concatenate": lambda a, b, n: ops.concatenate([a, b, a], axis=1),
    "concatenate mixed": lambda a, b, n: ops.concatenate([a, ops.expand_dims(n, -1)], axis=-1),
    "stack": lambda a, b, n: ops.stack([a, b], axis=-1),
    "vstack": lambda a, b, n: ops.vstack([a, b]),
    "hstack": lambda a, b, n: ops.hstack([a, b]),
    "append": lambda a, b, n: ops.append(a, b, axis=2),
    "split": lambda a, b, n: ops.split(a, 3, axis=2)[1],
    "split at": lambda a, b, n: ops.split(a, [1, 4], axis=-1)[1],
    "unstack": lambda a, b, n: ops.unstack(a, axis=1)[2],
    "tile": lambda a, b, n: ops.tile(a, (1, 2, 3)),
    "repeat": lambda a, b, n: ops.repeat(a, 3, axis=1),
    "flip": lambda a, b, n: ops.flip(a, axis=1),
    "roll": lambda a, b, n: ops.roll(a, -2, axis=1),
    "roll two": lambda a, b, n: ops.roll(a, (1, 9), axis=(1, 2)),
    "take": lambda a, b, n: ops.take(a, [3, 0, -1], axis=2),
    "take tensor": lambda a, b, n: ops.take(
        np.arange(12, dtype="float32").reshape(6, 2), ops.abs(n), axis=0
    ),
    "take along axis": lambda a, b, n: ops.take_along_axis(a, ops.argsort(a, axis=1), axis=1),
    "broadcast to": lambda a, b, n: ops.broadcast_to(ops.expand_dims(a, 1), (5, 3, 4, 6)),
    "pad": lambda a, b, n: ops.pad(a, ((0, 0), (1, 2), (0, 1)), constant_values=3.0),
    "pad reflect": lambda a, b, n: ops.pad(a, ((0, 0), (1, 2), (0, 1)), mode="reflect"),
    "pad symmetric": lambda a, b, n: ops.pad(a, ((0, 0), (1, 2), (0, 1)), mode="symmetric"),
    "zeros like": lambda a, b, n: ops.zeros_like(a) + ops.ones_like(b) + ops.full_like(a, 2.0),
    "tril": lambda a, b, n: ops.tril(a, k=1),
    "triu": lambda a, b, n: ops.triu(a, k=-1),
    "diff": lambda a, b, n: ops.diff(a, n=2, axis=1),
    "item": lambda a, b, n: a[:, 1],
    "item last": lambda a, b, n: a[:, -1, 2:],
    "item steps": lambda a, b, n: a[:, ::-1, 1:5:2],
    "item ellipsis": lambda a, b, n: a[..., -2],
    "item new axis": lambda a, b, n: a[:, None, 1:, :, None],
    "slice": lambda a, b, n: ops.slice(a, (0, 1, 2), (5, 2, 3)),
    "matmul": lambda a, b, n: a @ ops.transpose(b, (0, 2, 1)),
    "matmul vector": lambda a, b, n: ops.matmul(
        a, ops.convert_to_tensor([1.0, 0.0, 2.0, 0.5, 1.0, 1.0])
    ),
    "dot": lambda a, b, n: ops.dot(a, np.arange(12, dtype="float32").reshape(6, 2)),
    "tensordot": lambda a, b, n: ops.tensordot(a, b, axes=[[0, 1], [0, 1]]),
    "tensordot 1": lambda a, b, n: ops.tensordot(
        a, np.arange(12, dtype="float32").reshape(6, 2), axes=1
    ),
    "einsum": lambda a, b, n: ops.einsum("bij,bkj->bik", a, b),
    "einsum short": lambda a, b, n: ops.einsum("bij,bij", a, b),
    "einsum ellipsis": lambda a, b, n: ops.einsum("...ij,...kj->...ik", a, b),
    "inner": lambda a, b, n: ops.inner(a, np.arange(6, dtype="float32")),
    "outer": lambda a, b, n: ops.outer(a, np.arange(3, dtype="float32")),
    "vdot": lambda a, b, n: ops.reshape(ops.vdot(a, b), (1, 1)),
    "normalize": lambda a, b, n: ops.normalize(a, axis=-1),
    "normalize 1": lambda a, b, n: ops.normalize(a, axis=1, order=1),
    "trace": lambda a, b, n: ops.trace(a[:, :, :4], axis1=1, axis2=2),
    "diagonal": lambda a, b, n: ops.diagonal(a[:, :, :4], axis1=1, axis2=2),
    "gelu exact": lambda a, b, n: ops.gelu(a, approximate=False),
    "leaky relu slope": lambda a, b, n: ops.leaky_relu(a, negative_slope=0.3),
    "elu alpha": lambda a, b, n: ops.elu(a, alpha=0.4),
    "softmax axis": lambda a, b, n: ops.softmax(a, axis=1),
    "threshold": lambda a, b, n: ops.threshold(a, 0.2, -1.0),
    "one hot": lambda a, b, n: ops.one_hot(n, 5),
    "one hot axis": lambda a, b, n: ops.one_hot(n, 5, axis=1),
    "multi hot": lambda a, b, n: ops.multi_hot(ops.abs(n), 6),
    "layer norm": lambda a, b, n: ops.layer_normalization(a, axis=-1),
    "trunc numbers": lambda a, b, n: ops.trunc(n),
    "fmod": lambda a, b, n: ops.fmod(a, b),
    "fmod numbers": lambda a, b, n: ops.fmod(n, 2),
    "heaviside": lambda a, b, n: ops.heaviside(a, b),
    "ldexp": lambda a, b, n: ops.ldexp(a, ops.expand_dims(n, -1)),
    "logaddexp2": lambda a, b, n: ops.logaddexp2(a, b),
    "bitwise invert": lambda a, b, n: ops.bitwise_invert(n) + ops.bitwise_not(n + 1),
    "left shift": lambda a, b, n: ops.left_shift(n, 3) + ops.bitwise_left_shift(n, ops.abs(n)),
    "right shift": lambda a, b, n: ops.right_shift(n, 1) + ops.bitwise_right_shift(n, ops.abs(n)),
    "saturate cast": lambda a, b, n: ops.saturate_cast(a * 100, "uint8"),
    "saturate cast long": lambda a, b, n: ops.saturate_cast(a * 1e9, "int32"),
    "select": lambda a, b, n: ops.select([a > 0, b > 0], [a, b * 2], -1.0),
    "array": lambda a, b, n: ops.array(a),
    "fmax": lambda a, b, n: ops.fmax(ops.log(a), ops.log(b)),
    "fmin": lambda a, b, n: ops.fmin(ops.log(a), ops.log(b)),
    "isclose": lambda a, b, n: ops.isclose(
        ops.log(a), ops.log(a * 1.00001), rtol=1e-4, equal_nan=True
    ),
    "isclose numbers": lambda a, b, n: ops.isclose(n, 2),
    **{
        f"{name} axis": lambda a, b, n, name=name: getattr(ops, name)(ops.log(a), axis=1)
        for name in [
            "nanmax",
            "nanmin",
            "nanmean",
            "nanvar",
            "nanstd",
            "nansum",
            "nanprod",
            "nanargmax",
            "nanargmin",
        ]
    },
    **{
        f"{name} kept": lambda a, b, n, name=name: getattr(ops, name)(
            ops.log(a - 2), axis=-1, keepdims=True
        )
        for name in ["nanmax", "nanmin", "nanargmax", "nanargmin", "nansum"]
    },
    "nanmax numbers": lambda a, b, n: ops.nanmax(n, axis=1),
    "nancumsum": lambda a, b, n: ops.nancumsum(ops.sqrt(a), axis=1),
    "nancumprod": lambda a, b, n: ops.nancumprod(ops.sqrt(a), axis=-1),
    "cumprod": lambda a, b, n: ops.cumprod(a, axis=1),
    "cumprod numbers": lambda a, b, n: ops.cumprod(n, axis=-1),
    "median": lambda a, b, n: ops.median(a, axis=1),
    "median all": lambda a, b, n: ops.median(a, axis=(1, 2), keepdims=True),
    "median with nan": lambda a, b, n: ops.median(ops.log(a + 1.5), axis=1),
    "quantile": lambda a, b, n: ops.quantile(a, 0.3, axis=-1),
    "quantile several": lambda a, b, n: ops.quantile(a, [0.1, 0.5, 1.0], axis=1),
    "quantile several kept": lambda a, b, n: ops.quantile(
        a, [0.1, 0.5, 1.0], axis=(0, 2), keepdims=True
    ),
    **{
        f"percentile {method}": lambda a, b, n, method=method: ops.percentile(
            a, 35, axis=1, method=method
        )
        for method in ["linear", "lower", "higher", "nearest", "midpoint"]
    },
    "digitize": lambda a, b, n: ops.digitize(a, np.array([-1.0, 0.0, 0.5])),
    "searchsorted": lambda a, b, n: ops.searchsorted(
        np.array([-1.0, 0.0, 0.5], "float32"), a[0, 0]
    ),
    "search sorted right": lambda a, b, n: ops.searchsorted(
        np.array([-1.0, 0.0, 0.5], "float32"), a[0, 1], side="right"
    ),
    "isin": lambda a, b, n: ops.isin(n, np.array([1, 3, -2], "int32")),
    "isin not": lambda a, b, n: ops.isin(n, np.array([1, 3, -2], "int32"), invert=True),
    "array split": lambda a, b, n: ops.array_split(a, 4, axis=2)[1],
    "hsplit": lambda a, b, n: ops.hsplit(a, 2)[1],
    "vsplit": lambda a, b, n: ops.vsplit(a, [1, 3])[1],
    "dsplit": lambda a, b, n: ops.dsplit(a, 3)[2],
    "dstack": lambda a, b, n: ops.dstack([a, b]),
    "dstack flat": lambda a, b, n: ops.dstack([n, n]),
    "fliplr": lambda a, b, n: ops.fliplr(a),
    "flipud": lambda a, b, n: ops.flipud(a),
    **{
        f"rot90 {k}": lambda a, b, n, k=k: ops.rot90(a[:, :, :4], k=k, axes=(1, 2))
        for k in (0, 1, 2, 3)
    },
    "rot90 oblong": lambda a, b, n: ops.rot90(a, k=3, axes=(2, 1)),
    "meshgrid": lambda a, b, n: ops.meshgrid(a[0, 0], b[0, 0, :3])[1],
    "meshgrid ij": lambda a, b, n: ops.meshgrid(a[0, 0], b[0, 0, :3], indexing="ij")[0],
    "kron": lambda a, b, n: ops.kron(n, np.arange(6, dtype="int32").reshape(2, 3)),
    "cross": lambda a, b, n: ops.cross(a[..., :3], b[..., 3:]),
    "cross axis": lambda a, b, n: ops.cross(a[:, :3], b[:, 1:], axis=1),
    "average": lambda a, b, n: ops.average(a, axis=1),
    "average weighted": lambda a, b, n: ops.average(
        a, axis=1, weights=np.array([0.1, 0.2, 0.3, 0.4], "float32")
    ),
    "average weighted all": lambda a, b, n: ops.average(a, axis=-1, weights=ops.abs(b)),
    "cdist": lambda a, b, n: ops.cdist(a, b),
    "trapezoid": lambda a, b, n: ops.trapezoid(a, dx=0.5, axis=1),
    "unravel index": lambda a, b, n: ops.unravel_index(ops.abs(n)[:, 0], (2, 3))[1],
    "scatter update": lambda a, b, n: ops.scatter_update(a, np.array([[1], [3]]), b[:2, :]),
    "scatter update add": lambda a, b, n: ops.scatter_update(
        a, np.array([[1], [1]]), b[:2, :], reduction="add"
    ),
    "extract sequences": lambda a, b, n: ops.extract_sequences(a, 3, 2),
    "rfft": lambda a, b, n: ops.rfft(a)[1],
    "rfft length": lambda a, b, n: ops.rfft(a, fft_length=5)[0],
    "rms norm": lambda a, b, n: ops.rms_normalization(a, scale=np.arange(6, dtype="float32")),
    "batch norm": lambda a, b, n: ops.batch_normalization(
        a, b[0, 0], ops.abs(b[1, 0]), -1, b[2, 0], b[3, 0]
    ),
    "batch norm axis": lambda a, b, n: ops.batch_normalization(
        a, b[0, :, 0], ops.abs(b[1, :, 0]), 1
    ),
    "sparsemax": lambda a, b, n: ops.sparsemax(a),
    "dot product attention": lambda a, b, n: ops.dot_product_attention(
        *(ops.reshape(x, (5, 4, 2, 3)) for x in (a, b, a + b))
    ),
    "dot product attention masked": lambda a, b, n: ops.dot_product_attention(
        *(ops.reshape(x, (5, 4, 2, 3)) for x in (a, b, a)),
        bias=ops.ones((5, 2, 4, 4)),
        mask=np.arange(16).reshape(1, 1, 4, 4) % 5 < 3,
        scale=0.3,
        is_causal=True,
    ),
}
PICTURES = {
    "max pool": lambda x: ops.max_pool(x, 2),
    "max pool same": lambda x: ops.max_pool(x, 3, strides=2, padding="same"),
    "resize": lambda x: ops.image.resize(x, (4, 9), interpolation="bicubic"),
    **{
        name: lambda x, name=name: getattr(ops, name)(x, (4, 2))
        for name in ("adaptive_average_pool", "adaptive_max_pool")
    },
    "conv": lambda x: ops.conv(x, KERNEL, strides=2, padding="same"),
    "conv dilated": lambda x: ops.conv(x, KERNEL, dilation_rate=2),
    "depthwise conv": lambda x: ops.depthwise_conv(x, KERNEL, padding="same"),
    "separable conv": lambda x: ops.separable_conv(x, KERNEL, np.ones((1, 1, 8, 3), "float32")),
    "extract patches": lambda x: ops.image.extract_patches(x, 2),
    "extract patches same": lambda x: ops.image.extract_patches(
        x, (2, 3), strides=(2, 1), padding="same"
    ),
    "unfold": lambda x: ops.unfold(ops.reshape(x, (-1, 2, 6, 6)), (2, 3), padding=1, stride=2),
    "depth to space": lambda x: ops.depth_to_space(ops.reshape(x, (-1, 3, 3, 8)), 2),
    "space to depth": lambda x: ops.space_to_depth(x, 3),
    "sobel edges": lambda x: ops.image.sobel_edges(x),
    "gaussian blur": lambda x: ops.image.gaussian_blur(x, (3, 3), (0.7, 1.5)),
    "rgb to grayscale": lambda x: ops.image.rgb_to_grayscale(ops.reshape(x, (-1, 6, 4, 3))),
    "rgb to hsv": lambda x: ops.image.rgb_to_hsv(ops.sigmoid(ops.reshape(x, (-1, 6, 4, 3)))),
    "rgb to hsv edges": lambda x: ops.image.rgb_to_hsv(
        ops.clip(ops.reshape(x, (-1, 6, 4, 3)), 0, 0.5)
    ),
    "hsv to rgb": lambda x: ops.image.hsv_to_rgb(ops.sigmoid(ops.reshape(x, (-1, 6, 4, 3)))),
    "pad images": lambda x: ops.image.pad_images(x, 1, 2, target_height=9, right_padding=3),
    "crop images": lambda x: ops.image.crop_images(x, 1, 2, bottom_cropping=0, target_width=3),
    "crop images end": lambda x: ops.image.crop_images(
        x, target_height=2, bottom_cropping=1, left_cropping=0, right_cropping=2
    ),
    "average pool": lambda x: ops.average_pool(x, (2, 3), strides=1, padding="same"),
}


def compare(model, path, *given):
    model.save(path)
    compiled = compile_network(read(path).network)

    actual = Session(compiled).run(
        dict(zip((spec.name for spec in compiled.inputs), given, strict=True))
    )[0]

    expected = np.asarray(model(given[0] if len(given) == 1 else list(given)))
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_an_operation_answers_as_in_keras(name, tmp_path):
    a, b = keras.Input((4, 6), batch_size=5, name="a"), keras.Input((4, 6), batch_size=5, name="b")
    n = keras.Input((4,), batch_size=5, dtype="int32", name="n")
    compare(keras.Model([a, b, n], CASES[name](a, b, n)), tmp_path / "model.keras", A, B, N)


@pytest.mark.parametrize("name", PICTURES)
def test_an_operation_on_images_answers_as_in_keras(name, tmp_path):
    x = keras.Input((6, 6, 2), name="x")
    compare(keras.Model(x, PICTURES[name](x)), tmp_path / "model.keras", IMAGES)


def test_an_operation_keeps_free_sizes_free(tmp_path):
    x = keras.Input((None, 6), name="x")
    y = ops.concatenate(
        [ops.flip(x, axis=1), ops.repeat(x, 2, axis=1), ops.reshape(x, (-1, 3, 6))[:, :1]], axis=1
    )
    compare(keras.Model(x, y[:, 1:, ::2]), tmp_path / "model.keras", A[:3, :3])


def test_every_operation_is_compared():
    written = Path(__file__).read_text(encoding="utf-8").lower().replace("_", "")

    assert [name for name in KERAS if name.lower() not in written and name != "GetItem"] == []


DTYPES = ("bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64")
ON_WHOLE = {
    **{
        name: lambda x, name=name: getattr(ops, name)(x)
        for name in ("abs", "square", "exp", "sign", "isnan", "tril")
    },
    **{
        f"{name} axis": lambda x, name=name: getattr(ops, name)(x, axis=1)
        for name in (
            "mean",
            "sum",
            "prod",
            "max",
            "std",
            "any",
            "cumsum",
            "cumprod",
            "argmax",
            "sort",
            "median",
        )
    },
    **{
        f"{name} {number}": lambda x, name=name, number=number: getattr(ops, name)(x, number)
        for name in ("add", "multiply", "divide", "floor_divide", "mod", "maximum", "power", "less")
        for number in (2, 2.5)
    },
    **{
        name: lambda x, name=name: getattr(ops, name)(x, x)
        for name in ("add", "minimum", "power", "equal")
    },
    "where": lambda x: ops.where(x > 1, x, x),
    "clip": lambda x: ops.clip(x, 1, 3),
    "pad": lambda x: ops.pad(x, ((0, 0), (1, 1))),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x)),
    "dot": lambda x: ops.dot(x, ops.transpose(x)),
    "einsum": lambda x: ops.einsum("ij,kj->ik", x, x),
    "top k": lambda x: ops.top_k(x, 2)[0],
    "concatenate": lambda x: ops.concatenate([x, ops.cast(x, "float32")], 1),
}


def known_to_keras(function, values):
    try:
        function(values)
    except (TypeError, ValueError, tf.errors.OpError, AttributeError):
        return False
    return True


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ON_WHOLE)
def test_an_operation_on_whole_numbers_answers_as_in_keras(name, tmp_path):
    values = np.array([[1, 3, 0, 2], [4, 1, 1, 0], [2, 2, 5, 1]])
    dtypes = [dtype for dtype in DTYPES if known_to_keras(ON_WHOLE[name], values.astype(dtype))]
    inputs = [keras.Input((4,), batch_size=3, dtype=dtype, name=dtype) for dtype in dtypes]
    keras.Model(inputs, [ON_WHOLE[name](x) for x in inputs]).save(tmp_path / "model.keras")
    assert len(dtypes) > 2

    actual = Session(compile_network(read(tmp_path / "model.keras").network)).run(
        {dtype: values.astype(dtype) for dtype in dtypes}
    )

    for dtype, answer in zip(dtypes, actual, strict=True):
        expected = np.asarray(ON_WHOLE[name](values.astype(dtype)))
        assert (answer.shape, answer.dtype) == (expected.shape, expected.dtype), dtype
        np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-6, err_msg=dtype)
