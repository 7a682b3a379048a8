"""Layers of keras.layers.preprocessing.image_preprocessing."""

from msgspec.structs import replace

from keramos.keras_layers.options import (
    AXES,
    COUNT,
    DATA_FORMAT,
    FLAG,
    INTERPOLATION,
    NUMBER,
    RANGE,
    words,
)
from keramos.keras_layers.spec import LayerSpec

_SIZE = {"height": COUNT, "width": COUNT}
_ALIKE = {
    "data_format": DATA_FORMAT,
    "fill_mode": words("reflect", "wrap", "constant", "nearest"),
    "fill_value": NUMBER(None),
    "interpolation": words(*INTERPOLATION.words, "gaussian", "mitchellcubic"),
    "value_range": RANGE((0, 255)),
}
"""What options mean in every layer that changes images while training."""
_RANDOM = LayerSpec(training=("seed", "bounding_box_format", "factor"), floats=True)
"""Layers that change images while training only."""


def _random(options: str) -> LayerSpec:
    ignored = tuple(options.split())
    checked = {name: _ALIKE[name] for name in ignored if name in _ALIKE}
    return replace(_RANDOM, ignored=ignored, checked=checked)


LAYERS = {
    "AutoContrast": LayerSpec(
        options={"value_range": RANGE((0, 255)), "data_format": DATA_FORMAT}, floats=True
    ),
    "CenterCrop": LayerSpec(
        options={**_SIZE, "data_format": DATA_FORMAT}, floats=True, since="tensorflow"
    ),
    "ContrastLimitedAdaptiveHistogramEqualization": LayerSpec(
        options={
            "value_range": RANGE((0, 255)),
            "clip_limit": NUMBER(4.0),
            "tile_grid_size": AXES([8, 8]),
            "data_format": DATA_FORMAT,
        },
        floats=True,
    ),
    "RandomCrop": LayerSpec(
        options={**_SIZE, "data_format": DATA_FORMAT},
        training=("seed",),
        floats=True,
        since="tensorflow",
    ),
    "Resizing": LayerSpec(
        options={
            **_SIZE,
            "interpolation": INTERPOLATION,
            "crop_to_aspect_ratio": FLAG(False),
            "pad_to_aspect_ratio": FLAG(False),
            "fill_mode": words("constant"),
            "fill_value": NUMBER(0.0),
            "antialias": FLAG(False),
            "data_format": DATA_FORMAT,
        },
        floats=True,
        rank=4,
        since="tensorflow",
    ),
    "AugMix": _random("all_ops alpha chain_depth data_format interpolation num_chains value_range"),
    "CutMix": _random("data_format"),
    "Equalization": _random("bins data_format value_range"),
    "MaxNumBoundingBoxes": _random("data_format fill_value max_number"),
    "MixUp": _random("alpha data_format"),
    "RandAugment": _random("data_format interpolation num_ops value_range"),
    "RandomColorDegeneration": _random("data_format value_range"),
    "RandomColorJitter": _random(
        "brightness_factor contrast_factor data_format hue_factor saturation_factor value_range"
    ),
    "RandomElasticTransform": _random(
        "data_format fill_mode fill_value interpolation scale value_range"
    ),
    "RandomErasing": _random("data_format fill_value scale value_range"),
    "RandomGaussianBlur": _random("data_format kernel_size sigma value_range"),
    "RandomGrayscale": _random("data_format"),
    "RandomHue": _random("data_format value_range"),
    "RandomInvert": _random("data_format value_range"),
    "RandomPerspective": _random("data_format fill_value interpolation scale"),
    "RandomPosterization": _random("data_format value_range"),
    "RandomSaturation": _random("data_format value_range"),
    "RandomSharpness": _random("data_format value_range"),
    "RandomShear": _random("data_format fill_mode fill_value interpolation x_factor y_factor"),
    "Solarization": _random("addition_factor data_format threshold_factor value_range"),
    "RandomBrightness": replace(_random("data_format factor value_range"), since="tensorflow"),
    "RandomContrast": replace(
        _random("data_format factor value_range"), since="tensorflow", unstated=("value_range",)
    ),
    "RandomFlip": replace(
        _random("data_format mode"), since="tensorflow", unstated=("value_range",)
    ),
    "RandomRotation": replace(
        _random("data_format factor fill_mode fill_value interpolation"), since="tensorflow"
    ),
    "RandomTranslation": replace(
        _random("data_format fill_mode fill_value height_factor interpolation width_factor"),
        since="tensorflow",
    ),
    "RandomZoom": replace(
        _random("data_format fill_mode fill_value height_factor interpolation width_factor"),
        since="tensorflow",
    ),
    "RandomHeight": replace(
        _random("factor interpolation"), since="tensorflow", until="2", successor="Identity"
    ),
    "RandomWidth": replace(
        _random("factor interpolation"), since="tensorflow", until="2", successor="Identity"
    ),
}
