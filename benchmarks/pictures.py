"""One picture in a warm process: keramos beside Pillow's own decoding and resizing plus bare ONNX
Runtime. Milliseconds of CPU, minimum of several runs, the two in turn.
"""

from __future__ import annotations

import io
import tempfile
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort
from PIL import Image, ImageOps

import keramos
from keramos.compile.emit import compile_network
from keramos.datasets import POTS
from keramos.tabular.media.picture import prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.inference.model import Model
    from keramos.types.schema import Picture

RUNS = 7
SIZES = {"phone, 4032 x 3024": (4032, 3024), "web, 640 x 480": (640, 480)}
RECIPES = {
    "Teachable Machine": {},
    "stretched, bicubic": {"fit": "stretch", "method": "bicubic", "scale": "0..1"},
    "stretched, nearest": {"fit": "stretch", "method": "nearest", "scale": "0..1"},
    "stretched, bilinear": {"fit": "stretch", "method": "bilinear", "scale": "0..255"},
    "caffe, lanczos": {"fit": "stretch", "method": "lanczos", "scale": "caffe"},
    "OpenCV, linear": {"fit": "stretch", "method": "cv-linear", "scale": "0..1"},
    "OpenCV, area": {"fit": "stretch", "method": "cv-area", "scale": "0..1"},
    "TensorFlow, bilinear": {"fit": "stretch", "method": "tf-bilinear", "scale": "0..1"},
    "turned by EXIF": {"orientation": "apply"},
}
BY_PILLOW = {"cv-linear": "bilinear", "cv-area": "box", "tf-bilinear": "bilinear"}
"""Methods of other libraries -> what Pillow has that is nearest."""
_TURNED = 6  # the camera was held upright


def photo(size: tuple[int, int], form: str) -> bytes:
    """A picture with the detail of a photo: clouds of noise, and a little grain; turned by EXIF."""
    rng = np.random.default_rng(0)
    width, height = size
    clouds = Image.fromarray(rng.integers(0, 256, (48, 64, 3)).astype("uint8"))
    pixels = np.asarray(clouds.resize(size, Image.Resampling.BICUBIC)).astype("int16")
    pixels = pixels + rng.integers(-2, 3, (height, width, 1))
    buffer = io.BytesIO()
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype("uint8"))
    exif = Image.Exif()
    exif[0x0112] = _TURNED
    options = {"quality": 90} if form == "JPEG" else {"compress_level": 6}
    picture.save(buffer, form, exif=exif, **options)
    return buffer.getvalue()


def by_pillow(data: bytes, picture: Picture) -> np.ndarray:
    """What an app does."""
    size = (picture.width, picture.height)
    method = Image.Resampling[BY_PILLOW.get(picture.method, picture.method).upper()]
    with Image.open(io.BytesIO(data)) as opened:
        apply = picture.orientation == "apply"
        colours = (ImageOps.exif_transpose(opened) if apply else opened).convert("RGB")
    crop = picture.fit == "crop"
    fitted = ImageOps.fit(colours, size, method) if crop else colours.resize(size, method)
    pixels = np.asarray(fitted).astype("float32")
    if picture.mode == "BGR":
        pixels = pixels[..., ::-1]
    if picture.divide != 1:
        pixels = pixels / np.float32(picture.divide)
    if picture.means:
        pixels = pixels - np.array(picture.means, "float32")
    return np.ascontiguousarray(pixels - np.float32(picture.subtract))[None]


def in_turn(*calls: Callable[[], object]) -> list[float]:
    """The fastest run of each, in milliseconds of CPU."""
    best = [float("inf")] * len(calls)
    for _ in range(RUNS):
        for place, call in enumerate(calls):
            begun = process_time()
            call()
            best[place] = min(best[place], process_time() - begun)
    return [one * 1e3 for one in best]


def model_of(settings: dict[str, str], folder: Path) -> Model:
    """The drawn pots, adopted with a recipe."""
    path = folder / "pots.h5"
    keramos.adopt(POTS, recipe={"settings": settings} if settings else None).save(path)
    return keramos.load(path)


def main() -> None:
    """Print one line a file and recipe."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    head = f"{'picture':<26} {'recipe':<20} {'Pillow + ORT':>12} {'keramos':>9} {'ratio':>6}"
    print(f"{head} {'preparing':>10}")
    files = {
        f"{name} {form}": photo(size, form)
        for name, size in SIZES.items()
        for form in ("JPEG", "PNG")
    }
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for recipe, settings in RECIPES.items():
            model = model_of(settings, Path(folder))
            picture = model.content.preparation.inputs[0].picture
            bare = ort.InferenceSession(compile_network(model.artifact.network).onnx, options)
            name = bare.get_inputs()[0].name
            plain = replace(picture)
            for file, data in files.items():
                theirs, ours, alone = in_turn(
                    lambda data=data: bare.run(None, {name: by_pillow(data, plain)}),  # noqa: B023
                    lambda data=data: model.decide(data),  # noqa: B023
                    lambda data=data: prepared(data, plain),  # noqa: B023
                )
                worst = max(worst, ours / theirs)
                line = f"{file:<26} {recipe:<20} {theirs:>9.1f} ms {ours:>6.1f} ms"
                print(f"{line} {ours / theirs:>6.2f} {alone:>7.1f} ms", flush=True)
    print(f"largest ratio {worst:.2f}")


if __name__ == "__main__":
    main()
