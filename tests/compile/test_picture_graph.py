"""Operations of graphs on pictures, boxes, matrices and spectra answer as in TensorFlow."""

import numpy as np
import pytest

from keramos.errors import KeramosError, UnsupportedModelError
from keramos.pipeline.load import load

pytest.importorskip("tensorflow")

from support.graph_cases import answers_as_tensorflow, numbers, raw, saved_cases, tf
from support.picture_graph_cases import BOXES, CASES, SCORES, SOUND, cropped

FEW = [
    "AdjustHue_1",
    "CombinedNonMaxSuppression_each",
    "Cepstrum",
    "CropAndResize_bilinear_0",
    "MatrixInverse",
    "MaxPoolWithArgmax_SAME_1_1_True",
    "NonMaxSuppressionV5_1_padded",
    "ResizeArea_mixed",
    "ResizeBicubic_up_corners",
    "Spectrogram",
]
REFUSED = {
    "soft": (
        lambda b, s: raw.NonMaxSuppressionV5(
            boxes=b,
            scores=s,
            max_output_size=3,
            iou_threshold=0.5,
            score_threshold=0.1,
            soft_nms_sigma=0.5,
        )[0],
        (BOXES, SCORES),
    ),
    "complex": (lambda v: tf.math.angle(tf.signal.rfft(v)), (SOUND,)),
    "power": (lambda v: tf.abs(tf.sqrt(tf.signal.rfft(v))), (SOUND,)),
}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return saved_cases(tmp_path_factory.mktemp("few") / "m", [*FEW, *REFUSED], CASES | REFUSED)


@pytest.mark.parametrize("name", FEW)
def test_an_operation_answers_as_in_tensorflow(name, few):
    answers_as_tensorflow(few[0], name, CASES[name][1], few[1][name])


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    return saved_cases(tmp_path_factory.mktemp("every") / "m", CASES, CASES)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_case_answers_as_in_tensorflow(name, every):
    answers_as_tensorflow(every[0], name, CASES[name][1], every[1][name])


@pytest.mark.parametrize(
    ("name", "said"),
    {"soft": "hard suppression", "complex": "Angle", "power": "complex numbers"}.items(),
)
def test_what_is_not_computed_exactly_is_refused_by_name(name, said, few):
    with pytest.raises(UnsupportedModelError, match=said):
        load(few[0], by=f"graph:{name}")


def test_a_box_of_no_image_is_an_error(tmp_path):
    pictures = numbers(6, 4, 4, 1)
    chosen = (lambda v, b: cropped([2, 2], tf.cast(b[:, 0] * 4, "int32"))(v, b), (pictures, BOXES))
    folder, wanted = saved_cases(tmp_path / "m", ["chosen"], {"chosen": chosen})
    model = load(folder, by="graph:chosen")

    found = model.predict({"x0": pictures, "x1": BOXES})

    np.testing.assert_allclose(found, wanted["chosen"], atol=1e-5)
    for beyond in (-1, 2):
        with pytest.raises(KeramosError):
            model.predict({"x0": pictures, "x1": BOXES + np.float32(beyond)})
