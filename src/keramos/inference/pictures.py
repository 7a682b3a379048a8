"""Pictures as rows: paths, folders, bytes and objects of Pillow."""

from __future__ import annotations

import io
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from keramos.errors import DataError, RowError, UsageError
from keramos.platform.read_file import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PIL.Image import Image

    from keramos.errors import Problem
    from keramos.types.artifact import Content

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""Extensions of files that are taken for pictures."""

_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"})

_MOST_BYTES = 20_000_000


def picture_column(content: Content) -> str | None:
    """The column of pictures, where the model takes nothing else."""
    kinds = [column.kind for column in content.schema.columns]
    return content.schema.columns[0].name if kinds == ["image"] else None


def pictures_as_rows(given: object, content: Content) -> object:
    """A picture, or a list of pictures, as rows; what is neither stays as it is.

    Args:
        given: a path with the extension of a picture, a folder, bytes, an image of Pillow, or a
            list of such.
        content: that of the model.

    Raises:
        DataError: a file cannot be read, or a folder holds no pictures.
        UsageError: an image of Pillow has a mode that neither PNG nor TIFF holds.
    """
    name = picture_column(content)
    if name is None:
        return given
    if isinstance(given, (str, Path)) and _is_pictures(Path(given)):
        return [{name: picture_bytes(path)} for path in picture_paths([given])]
    several = given if isinstance(given, (list, tuple)) and given else [given]
    cells = [_bytes(one) for one in several]
    return given if any(cell is None for cell in cells) else [{name: cell} for cell in cells]


@contextmanager
def files_named(given: object, content: Content) -> Iterator[Callable[..., tuple[Problem, ...]]]:
    """Problems of pictures that were given as paths name the file of each instead of its bytes:
    those of an error inside, and those that the function is called with.
    """
    files: list[str] = []
    if picture_column(content) is not None:
        several = given if isinstance(given, (list, tuple)) else [given]
        paths = [one for one in several if isinstance(one, (str, Path))]
        if len(paths) == len(several) and all(map(_is_pictures, map(Path, paths))):
            files = list(map(str, picture_paths(paths)))

    def named(problems: Sequence[Problem]) -> tuple[Problem, ...]:
        return by_file(problems, files) if files else tuple(problems)

    try:
        yield named
    except RowError as error:
        error.problems = named(error.problems)
        raise


def by_file(problems: Sequence[Problem], files: Sequence[str]) -> tuple[Problem, ...]:
    """Problems of pictures, which name the file instead of its bytes."""
    return tuple(replace(one, value=files[one.row - 1]) for one in problems)


def picture_paths(paths: Sequence[str | Path]) -> list[Path]:
    """Files, and those in folders that have the extension of a picture, sorted by name.

    Raises:
        DataError: a folder holds none.
    """
    return [found for path in paths for found in _in(Path(path))]


def picture_bytes(path: Path) -> bytes:
    """The bytes of a file, up to a little more than a picture may have.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with open_regular(path) as file:
            return file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"the picture cannot be read: {error.strerror}", file=str(path)) from None


def _in(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = sorted(one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES)
    if not found:
        listed = ", ".join(sorted(SUFFIXES))
        raise DataError(f"the folder holds no pictures ({listed})", file=str(path))
    yield from found


def _is_pictures(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES or path.is_dir()


def _bytes(given: object) -> bytes | None:
    """The bytes of one picture; None for anything else."""
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    if isinstance(given, (str, Path)) and Path(given).suffix.lower() in SUFFIXES:
        return picture_bytes(Path(given))
    if hasattr(given, "save") and hasattr(given, "getbands"):  # an image of Pillow
        return _packed(cast("Image", given))
    return None


def _packed(image: Image) -> bytes:
    """An image of Pillow as a file that loses nothing."""
    buffer = io.BytesIO()
    try:
        image.save(buffer, format="PNG" if image.mode in _PNG_MODES else "TIFF")
    except OSError:
        raise UsageError(
            "the image has a mode that no file of pictures holds",
            received=image.mode,
            remedy="Convert it: image.convert('RGB')",
        ) from None
    return buffer.getvalue()
