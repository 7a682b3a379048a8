"""Hostile pictures: cut off, changed, of too many parts; each is answered or refused at once."""

import io
import resource
import struct
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from keramos.tabular.cell import Refused
from keramos.tabular.media.picture import prepared
from keramos.types.schema import Picture

PICTURE = Picture(9, 9, "RGB", "crop", "lanczos", 127.5, 1.0, orientation="apply")
SAVED = {
    "png": ("PNG", "RGB", {}),
    "png with a palette": ("PNG", "P", {}),
    "jpeg": ("JPEG", "RGB", {}),
    "progressive jpeg": ("JPEG", "CMYK", {"progressive": True}),
    "webp": ("WEBP", "RGB", {}),
    "webp without loss": ("WEBP", "RGBA", {"lossless": True}),
    "bmp": ("BMP", "P", {}),
    "gif": ("GIF", "P", {}),
    "tiff": ("TIFF", "RGB", {}),
    "16 bits": ("TIFF", "I;16", {}),
    "packed tiff": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "jpeg in tiff": ("TIFF", "RGB", {"compression": "jpeg"}),
}


def saved(form, size=(30, 20), **options):
    name, mode, others = SAVED[form]
    exif = Image.Exif()
    exif[0x0112] = 6
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3)).astype("uint8")
    buffer = io.BytesIO()
    Image.fromarray(noise).convert("L" if mode == "I;16" else mode).convert(mode).save(
        buffer, name, **({} if name in {"BMP", "GIF"} else {"exif": exif}), **others, **options
    )
    return buffer.getvalue()


def after(magic, part, count, data):
    at = data.index(magic) + len(magic)
    return data[:at] + part * count + data[at:]


def tiff(pages, strips=1):
    """Pages of 8 x 8 gray pixels; the directory of each names so many strips."""
    out = bytearray(b"II*\0" + struct.pack("<I", 8))
    for page in range(pages):
        end = len(out) + 2 + 12 * 9 + 4
        at, lengths = (end, 64) if strips == 1 else (end, end)
        tags = ((256, 1, 8), (257, 1, 8), (258, 1, 8), (259, 1, 1), (262, 1, 1))
        tags += ((273, strips, at), (277, 1, 1), (278, 1, 8), (279, strips, lengths))
        out += struct.pack("<H", 9)
        out += b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in tags)
        more = max(64, 4 * strips if strips > 1 else 0)
        out += struct.pack("<I", end + more if page < pages - 1 else 0) + b"\x08\0\0\0" * (
            more // 4
        )
    return bytes(out)


def animated(form, frames):
    some = [Image.new("RGB", (8, 8), (each % 256, each // 256, 3)) for each in range(frames)]
    buffer = io.BytesIO()
    some[0].save(buffer, form, save_all=True, append_images=some[1:])
    return buffer.getvalue()


def scans(count):
    data = saved("progressive jpeg", (200, 200))
    first, second = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"][1:3]
    return data[:first] + data[first:second] * count + data[first:]


def chunks(count):
    chunk = struct.pack(">I", 1) + b"prVta" + struct.pack(">I", zlib.crc32(b"prVta"))
    data = saved("png")
    return data[:33] + chunk * count + data[33:]


def claiming(width, height):
    data = bytearray(saved("png"))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


HOSTILE = {
    "pages of a TIFF": (lambda: tiff(10_000), ""),
    "strips of a TIFF": (lambda: tiff(1, 4_000_000), "4,000,000 strips"),
    "frames of a GIF": (lambda: animated("GIF", 1500), ""),
    "frames of a WebP": (lambda: animated("WEBP", 1500), ""),
    "frames of a PNG": (lambda: animated("PNG", 1000), ""),
    "scans of a JPEG": (lambda: scans(400), "scans; at most"),
    "chunks of a PNG": (lambda: chunks(1_000_000), "too many chunks"),
    "comments of a JPEG": (
        lambda: after(b"\xff\xd8", b"\xff\xfe\0\x03a", 3_000_000, saved("jpeg")),
        "too many chunks",
    ),
    "a side of two milliards": (lambda: claiming(2**31 - 1, 1), "pixels"),
    "more pixels than are decoded": (lambda: claiming(19_000, 19_000), "pixels"),
    "pixels that are not there": (lambda: claiming(4_000, 4_000), "cannot be decoded"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_are_answered_or_refused_at_once(name):
    make, reason = HOSTILE[name]
    data = make()
    assert len(data) < 20_000_000
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    found = prepared(data, PICTURE)
    assert time.process_time() - started < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10
    assert isinstance(found, Refused) is bool(reason), found
    if reason:
        assert reason in found.reason
        assert "\n" not in found.reason


@pytest.mark.parametrize("form", SAVED)
class TestChanged:
    def test_a_valid_picture_is_answered(self, form):
        assert not isinstance(prepared(saved(form), PICTURE), Refused)

    @settings(max_examples=25)
    @given(drawn=st.data())
    def test_a_changed_picture_is_answered_or_refused(self, form, drawn):
        data = bytearray(saved(form))
        places = st.one_of(st.integers(0, min(len(data), 120) - 1), st.integers(0, len(data) - 1))
        for at in drawn.draw(st.lists(places, max_size=5)):
            data[at] = drawn.draw(st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255))
        cut = bytes(data[: drawn.draw(st.one_of(st.just(len(data)), places))])
        found = prepared(cut, PICTURE)
        assert isinstance(found, Refused) or found.shape == (9, 9, 3)
