"""Functions of TensorFlow on pictures, boxes and spectra that reach operations of graphs."""

from __future__ import annotations

import numpy as np

from support.graph_cases import FLAGS, IMAGES, X, numbers, raw, tf

BOXES = np.array(
    [
        [0, 0, 1, 1],
        [0.1, 0.1, 1.1, 1.1],
        [0, 0.9, 0.5, 0.2],
        [0.5, 0.5, 0.9, 0.9],
        [0.48, 0.5, 0.9, 0.93],
        [0.2, 0.1, 0.2, 0.1],
    ],
    "f4",
)
SCORES = np.array([0.9, 0.75, 0.6, 0.95, 0.5, 0.3], "f4")
MANY = np.stack([BOXES, BOXES[::-1] * 0.9, BOXES + 0.3])
VOTES = np.abs(np.sin(np.arange(3 * 6 * 3, dtype="f4"))).reshape(3, 6, 3)
SOUND = numbers(2, 64)


def resized(how, size, **more):
    """A resizing of pictures."""
    return (lambda v: getattr(raw, how)(images=v, size=size, **more), (IMAGES,))


def cropped(size, which, **more):
    """Parts of pictures in boxes."""
    return lambda v, b: raw.CropAndResize(image=v, boxes=b, box_ind=which, crop_size=size, **more)


def combined(number, *, each=False, **more):
    """One of the results about the boxes of several pictures; ``each``: of several a class."""

    def run(boxes, votes):
        return raw.CombinedNonMaxSuppression(
            boxes=boxes if each else boxes[:, :, None],
            scores=votes,
            max_output_size_per_class=2,
            max_total_size=4,
            iou_threshold=0.4,
            score_threshold=0.2,
            **more,
        )[number]

    return run


def kept(version, number=None, **more):
    """The boxes that are kept of overlapping ones."""

    def run(boxes, scores):
        found = getattr(raw, f"NonMaxSuppression{version}")(
            boxes=boxes, scores=scores, max_output_size=4, **more
        )
        return found if number is None else found[number]

    return run


def pooled(number, **more):
    """The maximum of each window, or its place."""
    return lambda v: raw.MaxPoolWithArgmax(input=v, ksize=[1, 3, 2, 1], **more)[number]


SQUARES = numbers(4, 2, 3, 3) + 2 * np.eye(3, dtype="f4")
SIDES = numbers(4, 2, 3, 2)
SIZES = {"up": [11, 13], "down": [3, 4], "mixed": [13, 2], "one": [1, 1]}
THRESHOLDS = {"iou_threshold": 0.4, "score_threshold": 0.4}
HUES = np.abs(IMAGES) / np.abs(IMAGES).max()
CASES = {
    **{
        f"{how}_{name}{'_corners' if corners else ''}": resized(how, size, align_corners=corners)
        for how in ("ResizeBicubic", "ResizeArea")
        for name, size in SIZES.items()
        for corners in (False, True)
    },
    **{
        f"ResizeBicubic_{name}_half": resized("ResizeBicubic", size, half_pixel_centers=True)
        for name, size in SIZES.items()
    },
    **{
        f"ScaleAndTranslate_{method}_{name}_{smooth}": (
            lambda v, m=method, size=size, s=smooth: tf.image.resize(v, size, m, antialias=s),
            (IMAGES,),
        )
        for method in ("bilinear", "bicubic", "gaussian", "lanczos3", "lanczos5", "mitchellcubic")
        for name, size in SIZES.items()
        for smooth in (False, True)
        if smooth or method not in ("bilinear", "bicubic")
    },
    **{
        f"CropAndResize_{method}_{i}": (
            cropped(size, [1, 0, 1, 1, 0, 0], method=method, extrapolation_value=fill),
            (numbers(6, 8, 6, 3), BOXES),
        )
        for method in ("bilinear", "nearest")
        for i, (size, fill) in enumerate([([3, 4], 0.0), ([1, 7], -2.5)])
    },
    **{
        f"AdjustHue_{i}": (lambda v, by=by: raw.AdjustHue(images=v, delta=by), (HUES,))
        for i, by in enumerate([0.0, 0.3, -0.8])
    },
    "AdjustHue_negative": (lambda v: raw.AdjustHue(images=v, delta=0.2), (IMAGES,)),
    **{
        f"AdjustSaturation_{i}": (
            lambda v, by=by: raw.AdjustSaturation(images=v, scale=by),
            (HUES,),
        )
        for i, by in enumerate([0.0, 0.6, 3.0])
    },
    "NonMaxSuppression": (kept("", iou_threshold=0.4), (BOXES, SCORES)),
    "NonMaxSuppressionV2": (kept("V2", iou_threshold=0.4), (BOXES, SCORES)),
    "NonMaxSuppressionV3": (kept("V3", **THRESHOLDS), (BOXES, SCORES)),
    "NonMaxSuppressionV3_ties": (kept("V3", **THRESHOLDS), (BOXES, SCORES * 0 + 0.5)),
    **{
        f"NonMaxSuppressionV{version}_{number}{'_padded' if pad else ''}": (
            kept(f"V{version}", number, pad_to_max_output_size=pad, **THRESHOLDS, **more),
            (BOXES, SCORES),
        )
        for version, parts, more in ((4, 2, {}), (5, 3, {"soft_nms_sigma": 0.0}))
        for number in range(parts)
        for pad in (False, True)
    },
    **{f"CombinedNonMaxSuppression_{i}": (combined(i), (MANY, VOTES)) for i in range(4)},
    "CombinedNonMaxSuppression_unclipped": (combined(0, clip_boxes=False), (MANY, VOTES)),
    "CombinedNonMaxSuppression_by_class": (combined(1, pad_per_class=True), (MANY, VOTES)),
    "CombinedNonMaxSuppression_each": (
        lambda b, v: combined(0, each=True)(tf.stack([b, b * 0.7, b + 0.1], 2), v),
        (MANY, VOTES),
    ),
    "RFFT": (lambda v: tf.abs(tf.signal.rfft(v)), (SOUND,)),
    "RFFT_shorter": (lambda v: tf.math.real(tf.signal.rfft(v, [40])), (SOUND,)),
    "RFFT_longer": (lambda v: tf.math.imag(tf.signal.rfft(v, [81])), (SOUND,)),
    "Spectrogram": (lambda v: tf.abs(tf.signal.stft(v, 16, 8)), (SOUND,)),
    "Spectrogram_parts": (
        lambda v: tf.math.real(tf.math.conj(tf.transpose(tf.signal.stft(v, 20, 5), [0, 2, 1]))),
        (SOUND,),
    ),
    "Mel": (
        lambda v: tf.tensordot(
            tf.abs(tf.signal.stft(v, 16, 8)), tf.signal.linear_to_mel_weight_matrix(6, 9), 1
        ),
        (SOUND,),
    ),
    "SparseTensorDenseMatMul": (
        lambda v: tf.sparse.sparse_dense_matmul(
            tf.sparse.SparseTensor([[0, 1], [2, 0], [2, 3]], [1.0, -2.0, 3.0], [3, 4]),
            v,
            adjoint_a=True,
        ),
        (X,),
    ),
    "Cepstrum": (
        lambda v: tf.signal.mfccs_from_log_mel_spectrograms(tf.reshape(v, [-1, 4, 16])),
        (SOUND,),
    ),
    **{
        f"MaxPoolWithArgmax_{padding}_{number}_{step}_{whole}": (
            pooled(
                number,
                strides=[1, step, step, 1],
                padding=padding,
                include_batch_in_index=whole,
            ),
            (IMAGES,),
        )
        for padding in ("SAME", "VALID")
        for number, step, whole in ((0, 2, False), (1, 2, False), (1, 1, True))
    },
    "MatrixInverse": (tf.linalg.inv, (SQUARES,)),
    "MatrixInverse_adjoint": (lambda v: tf.linalg.inv(v, adjoint=True), (SQUARES,)),
    "MatrixDeterminant": (tf.linalg.det, (SQUARES,)),
    "MatrixSolve": (tf.linalg.solve, (SQUARES, SIDES)),
    "MatrixTriangularSolve": (
        lambda a, b: tf.linalg.triangular_solve(a, b, lower=False, adjoint=True),
        (SQUARES, SIDES),
    ),
    "Cholesky": (lambda v: tf.linalg.cholesky(v @ tf.linalg.matrix_transpose(v)), (SQUARES,)),
    "LogicalXor": (tf.math.logical_xor, (FLAGS, FLAGS[:, ::-1])),
    "AccumulateNV2": (lambda v: raw.AccumulateNV2(inputs=[v, v, v * v], shape=[3, 4]), (X,)),
    "BiasAddV1": (lambda v: raw.BiasAddV1(value=v, bias=[1.0, 2, 3, 4]), (X,)),
    "Concat": (lambda v: raw.Concat(concat_dim=1, values=[v, v * 2]), (X,)),
}
