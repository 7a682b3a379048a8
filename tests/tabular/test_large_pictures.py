"""Large pictures are prepared in strips: the same bytes, in bounded memory."""

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageOps

from keramos.tabular.media import picture as module
from keramos.tabular.media import resample, resample_others
from keramos.tabular.media.picture import prepared, seen
from keramos.tabular.media.resample import METHODS, fitted_box, resized
from keramos.types.schema import Picture

RNG = np.random.default_rng(11)


def shapes():
    """Shapes of pictures and sizes of results, thin and wide ones too."""
    for width, height in ((300, 200), (61, 400), (1, 9), (90, 1), (33, 33)):
        for size in ((24, 24), (70, 17), (1, 1), (33, 40)):
            yield RNG.integers(0, 256, (height, width, 3)).astype("uint8"), size


@pytest.mark.parametrize("fit", ["crop", "stretch"])
@pytest.mark.parametrize("method", METHODS)
def test_strips_of_any_height_give_the_same_bytes(method, fit, monkeypatch):
    for pixels, size in shapes():
        height, width = pixels.shape[:2]
        whole = (0.0, 0.0, float(width), float(height))
        box = fitted_box(width, height, size) if fit == "crop" else whole
        at_once = resized(pixels, size, method, box)
        with monkeypatch.context() as small:
            small.setattr(resample, "_MOST_NUMBERS", 50)
            small.setattr(resample, "_BAND", 5)
            small.setattr(resample_others, "_MOST_NUMBERS", 50)
            in_strips = resized(pixels, size, method, box)
        assert at_once.shape == (size[1], size[0], 3)
        assert np.array_equal(at_once, in_strips), (width, height, size)


@pytest.mark.parametrize("method", METHODS)
def test_resizing_a_large_picture_takes_little_memory_beside_it(method):
    pixels = np.zeros((1500, 4000, 3), np.uint8)
    tracemalloc.start()
    resized(pixels, (224, 224), method, (0.0, 0.0, 4000.0, 1500.0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * pixels.nbytes  # as floats it has eight times its bytes


@pytest.mark.parametrize("method", ["lanczos", "cv-linear", "tf-bilinear"])
def test_memory_grows_with_the_picture_and_the_result_alone(method):
    tall = np.zeros((20_000, 40, 3), np.uint8)
    tracemalloc.start()
    found = resized(tall, (100, 20), method, (0.0, 0.0, 40.0, 20_000.0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < found.nbytes + 80_000_000


@pytest.mark.parametrize("orientation", range(10))
def test_pictures_are_turned_as_pillow_turns_them(orientation, monkeypatch):
    monkeypatch.setattr(module, "_STRIP", 100)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image = Image.fromarray(RNG.integers(0, 256, (14, 22, 3)).astype("uint8"))
    image.save(buffer, "PNG", exif=exif)
    turned = ImageOps.exif_transpose(Image.open(buffer))
    width, height = turned.size
    found = seen(buffer.getvalue(), Picture(width, height, orientation="apply", method="nearest"))
    assert np.array_equal(found, np.asarray(turned))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_is_converted_in_strips_as_at_once(mode, monkeypatch):
    monkeypatch.setattr(module, "_STRIP", 100)
    gray = RNG.integers(0, 60_000, (14, 22))
    arrays = {"I;16": gray.astype("uint16"), "F": gray.astype("float32")}
    colours = Image.fromarray(RNG.integers(0, 256, (14, 22, 3)).astype("uint8"))
    image = Image.fromarray(arrays[mode]) if mode in arrays else colours.convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "TIFF")
    found = prepared(buffer.getvalue(), Picture(22, 14, method="nearest"))
    assert np.array_equal(found, np.asarray(image.convert("RGB")).astype("float32"))
