"""Cells that are pictures: the bytes of a file, or their base64 text as JSON carries them."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from keramos.tabular.cell import Refused
from keramos.tabular.host_kind import HostInput, HostKind

if TYPE_CHECKING:
    from keramos.tabular.kind import Json
    from keramos.types.schema import ColumnPreparation, Picture
    from keramos.types.table import Column


_READABLE = ("BM", "GIF8", "II*\0", "MM\0*", "RIFF")
"""How pictures begin whose files may be UTF-8 text; others have a byte that no text has."""


class ImageKind(HostKind):
    """A column of pictures. Nothing is opened by name here: a cell holds the picture itself."""

    name = "image"
    noun = "pictures"
    refusal = 'not a picture: send the bytes of a file, or {"b64": ...} in JSON'
    dtype = "object"
    filler = b""
    input_dtype = "float32"
    array_dtype = object
    null_code = b""
    tensor_dtype = "str"
    takes_bytes = True

    def read(self, cell: object) -> object:
        """The bytes of a picture; None where the cell is empty."""
        if isinstance(cell, Mapping) and set(cell) == {"b64"}:
            cell = cell["b64"]
        if isinstance(cell, (bytes, bytearray, memoryview, np.bytes_)):
            return bytes(cell) or None
        return super().read(cell)

    def _value(self, cell: object) -> object:
        if not isinstance(cell, str):
            return Refused(self.refusal)
        if cell.startswith(_READABLE):  # bytes of a file that a protocol took for UTF-8 text
            return cell.encode()
        text = cell.partition(";base64,")[2] if cell.startswith("data:") else cell
        try:
            found = a2b_base64(text.encode("ascii"), strict_mode=True)
        except ValueError:  # binascii.Error, or letters that are not ASCII
            return Refused(self.refusal)
        return found or Refused(self.refusal)

    def model_input(self, source: Column, column: ColumnPreparation) -> HostInput:
        """Pictures, shape (rows, height, width, channels); those that cannot be read are black."""
        if not column.picture:  # a content document without one is refused
            return HostInput(source.values.reshape(-1, 1), {})
        return HostInput(*picture_input(source, column.picture))

    def golden(self, cells: tuple[object, ...], column: ColumnPreparation) -> tuple[object, ...]:
        """Golden pictures are kept as base64 text of small files."""
        return golden_pictures(cells, column.picture) if column.picture else cells

    def seen(self, cell: object, column: ColumnPreparation) -> tuple[tuple[str, str], ...]:
        """How a picture is prepared."""
        del cell
        if not column.picture:
            return ()
        one = column.picture
        fitted = "the middle cut out" if one.fit == "crop" else "stretched"
        size = f"{one.width} x {one.height} in {one.mode}"
        scale = f"pixels / {one.divide:g} - {one.subtract:g}"
        if one.means:
            scale += f", minus {', '.join(map('{:g}'.format, one.means))} by colour"
        if one.deviations:
            scale += f", divided by {', '.join(map('{:g}'.format, one.deviations))}"
        return (("prepared", f"{size}, {fitted}, {one.method}; {scale}"),)

    def shown(self, cell: object) -> str:
        """How large the file is."""
        return f"{len(cell):,} bytes" if isinstance(cell, bytes) else super().shown(cell)

    def json_schema(self, column: ColumnPreparation) -> Json:
        """An object with the base64 text of the file, as TensorFlow Serving takes it."""
        del column
        b64 = {"type": "string", "contentEncoding": "base64"}
        return {"type": "object", "properties": {"b64": b64}, "required": ["b64"]}

    def example(self, column: ColumnPreparation) -> object:
        """The smallest PNG: one white pixel."""
        del column
        return {"b64": b2a_base64(WHITE_PIXEL, newline=False).decode()}


WHITE_PIXEL = a2b_base64(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel."""


def golden_pictures(cells: tuple[object, ...], picture: Picture) -> tuple[object, ...]:
    """Golden pictures as the network takes them."""
    from keramos.tabular.media.picture import prepared  # noqa: PLC0415 (few files have pictures)

    kind = ImageKind()
    read = [kind.read(cell) for cell in cells]
    found = [prepared(one, picture) for one in read if isinstance(one, bytes)]
    return tuple(one for one in found if not isinstance(one, Refused))


def picture_input(column: Column, picture: Picture) -> tuple[np.ndarray, dict[int, str]]:
    """The network's input for a column of pictures, shape (rows, height, width, channels), and why
    rows cannot be read; those are black.
    """
    from keramos.tabular.media.picture import prepared  # noqa: PLC0415 (few files have pictures)

    channels = 1 if picture.mode == "L" else 3
    shape = (len(column.values), picture.height, picture.width, channels)
    found, reasons = np.zeros(shape, "float32"), {}
    for row, data in enumerate(column.values):
        if column.missing[row] or not data:
            continue
        one = prepared(data, picture)
        if isinstance(one, Refused):
            reasons[row] = one.reason
        else:
            found[row] = one
    return found, reasons
