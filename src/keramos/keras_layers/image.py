"""Layers of keras.layers.preprocessing.image_preprocessing."""

from keramos.keras_layers.options import (
    AXES,
    COUNT,
    DATA_FORMAT,
    FLAG,
    INTERPOLATION,
    NUMBER,
    RANGE,
    TEXT,
)
from keramos.keras_layers.spec import LayerSpec

_SIZE = {"height": COUNT, "width": COUNT}
_RANDOM = LayerSpec(
    ignored=(
        *("factor", "data_format", "value_range", "mode", "fill_mode", "fill_value"),
        *("interpolation", "height_factor", "width_factor", "x_factor", "y_factor"),
        *("brightness_factor", "contrast_factor", "saturation_factor", "hue_factor"),
        *("kernel_size", "sigma", "scale", "alpha", "num_ops", "num_chains", "chain_depth"),
        *("all_ops", "addition_factor", "threshold_factor", "bins", "max_number"),
    ),
    floats=True,
)
"""Layers that change images while training only."""

LAYERS = {
    "AutoContrast": LayerSpec(
        options={"value_range": RANGE((0, 255)), "data_format": DATA_FORMAT}, floats=True
    ),
    "CenterCrop": LayerSpec(options={**_SIZE, "data_format": DATA_FORMAT}, floats=True, since="2"),
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
        floats=True,
        since="2",
    ),
    "Resizing": LayerSpec(
        options={
            **_SIZE,
            "interpolation": INTERPOLATION,
            "crop_to_aspect_ratio": FLAG(False),
            "pad_to_aspect_ratio": FLAG(False),
            "fill_mode": TEXT("constant"),
            "fill_value": NUMBER(0.0),
            "antialias": FLAG(False),
            "data_format": DATA_FORMAT,
        },
        floats=True,
        rank=4,
        since="2",
    ),
    **dict.fromkeys(
        (
            *("AugMix", "CutMix", "Equalization", "MaxNumBoundingBoxes", "MixUp", "RandAugment"),
            *("RandomColorDegeneration", "RandomColorJitter", "RandomElasticTransform"),
            *("RandomErasing", "RandomGaussianBlur", "RandomGrayscale", "RandomHue"),
            *("RandomInvert", "RandomPerspective", "RandomPosterization", "RandomSaturation"),
            *("RandomSharpness", "RandomShear", "Solarization"),
        ),
        _RANDOM,
    ),
    **dict.fromkeys(
        (
            *("RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation"),
            *("RandomTranslation", "RandomZoom"),
        ),
        _RANDOM._replace(since="2"),
    ),
    **dict.fromkeys(
        ("RandomHeight", "RandomWidth"),
        _RANDOM._replace(since="2", until="2", successor="Identity"),
    ),
}
