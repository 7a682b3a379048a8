"""HDF5 as plain arrays and text, nothing followed: hard links only, no external or virtual data, no plug-in filters."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, cast

import h5py
import numpy as np

from keramos.errors import CorruptModelError, LimitExceededError, UnsafeModelError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from keramos.artifact.limits import Limits

_ALLOWED_FILTERS = {1, 2, 3}  # deflate, shuffle, Fletcher-32: built into the library, no plug-in is loaded
_WEIGHT_KINDS = "fiub"


class Hdf5:
    """One open HDF5 file, from bytes. Every name in an error is a path inside the file."""

    def __init__(self, data: bytes, source: str, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._budget = limits.weight_bytes
        try:
            self._file = h5py.File(io.BytesIO(data), "r")
        except (OSError, RuntimeError, ValueError) as error:
            raise CorruptModelError(f"{source} is not a readable HDF5 file: {_first_line(error)}") from None

    def group(self, path: str) -> h5py.Group | None:
        """A group reached by hard links only, or None."""
        found = self._find(path)
        if found is not None and not isinstance(found, h5py.Group):
            raise CorruptModelError(f"{self._source}: {path} is a dataset where a group is expected")
        return found

    def _find(self, path: str) -> h5py.Group | h5py.Dataset | None:
        here: h5py.Group | h5py.Dataset = self._file
        for part in [part for part in path.split("/") if part]:
            if not isinstance(here, h5py.Group):
                return None
            try:
                link = here.get(part, getlink=True)
                if link is None:
                    return None
                if not isinstance(link, h5py.HardLink):
                    kind = type(link).__name__
                    raise UnsafeModelError(
                        f"{self._source}: {path} is reached by a {kind}; everything must be stored in the file itself"
                    )
                here = here[part]
            except (OSError, RuntimeError, KeyError) as error:
                raise CorruptModelError(f"{self._source}: {path} cannot be read: {_first_line(error)}") from None
        return here

    def names(self, path: str) -> list[str]:
        """Names in a group; empty where there is no such group."""
        group = self.group(path)
        try:
            return [] if group is None else list(group)
        except (OSError, RuntimeError) as error:
            raise CorruptModelError(f"{self._source}: {path} cannot be listed: {_first_line(error)}") from None

    def datasets(self, skip: Collection[str] = ()) -> list[str]:
        """Paths of all datasets, reached by hard links only; top-level groups named in ``skip`` are left out.

        Raises:
            LimitExceededError: there are more objects than a model has.
        """
        found: list[str] = []
        waiting = [name for name in self.names("") if name not in skip]
        for seen in itertools.count(1):
            if not waiting:
                return found
            path = waiting.pop()
            if seen > self._limits.objects or path.count("/") > self._limits.json_depth:
                raise LimitExceededError(f"{self._source} holds more than {self._limits.objects:,} groups and weights")
            if isinstance(self._find(path), h5py.Group):
                waiting += [f"{path}/{name}" for name in self.names(path)]
            else:
                found.append(path)
        return found

    def attribute(self, path: str, name: str) -> object:
        """An attribute as Python text, number or list; None where it is absent."""
        group = self.group(path)
        if group is None:
            return None
        try:
            value = group.attrs.get(name)
        except (OSError, RuntimeError, TypeError) as error:
            raise CorruptModelError(
                f"{self._source}: attribute {name} of {path or '/'}: {_first_line(error)}"
            ) from None
        return _plain(value)

    def text(self, path: str, name: str) -> str | None:
        """A text attribute; None where it is absent."""
        value = self.attribute(path, name)
        if value is None or isinstance(value, str):
            return value
        raise CorruptModelError(f"{self._source}: attribute {name} of {path or '/'} is not text")

    def text_list(self, path: str, name: str) -> list[str]:
        """A list of texts; Keras splits one above 64512 bytes over name0, name1 ..."""
        whole = self.attribute(path, name)
        chunks = [whole] if whole is not None else list(self._chunks(path, name))
        found = [str(item) for chunk in chunks for item in (chunk if isinstance(chunk, list) else [chunk])]
        if len(found) > self._limits.layers:
            raise LimitExceededError(
                f"{self._source}: attribute {name} of {path or '/'} lists {len(found):,} names, "
                f"the limit is {self._limits.layers:,}"
            )
        return found

    def _chunks(self, path: str, name: str) -> Iterator[object]:
        for number in range(self._limits.layers):
            chunk = self.attribute(path, f"{name}{number}")
            if chunk is None:
                return
            yield chunk

    def array(self, path: str) -> NDArray[np.generic]:
        """A dataset as an array; bfloat16 becomes float32.

        Raises:
            CorruptModelError: it is absent or damaged.
            UnsafeModelError: its data lies elsewhere.
            LimitExceededError: all arrays together exceed the limit.
        """
        found = self._find(path)
        if not isinstance(found, h5py.Dataset):
            raise CorruptModelError(f"{self._source}: {path} is not there, but the file says it is")
        self._check(found, path)
        try:
            value = found[()]
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise CorruptModelError(f"{self._source}: {path} cannot be read: {_first_line(error)}") from None
        return _bfloat16(value) if found.dtype.kind == "V" else np.asarray(value)

    def _check(self, data: h5py.Dataset, path: str) -> None:
        if data.shape is None:
            raise CorruptModelError(f"{self._source}: {path} is empty; numbers are needed")
        plist = data.id.get_create_plist()
        if data.external or data.is_virtual:
            raise UnsafeModelError(
                f"{self._source}: the data of {path} lies in another file; weights must be in the file"
            )
        for index in range(plist.get_nfilters()):
            number = plist.get_filter(index)[0]
            if number not in _ALLOWED_FILTERS:
                raise UnsafeModelError(f"{self._source}: {path} uses HDF5 filter {number}, which is not one of Keras'")
        brain = data.dtype.kind == "V" and data.dtype.itemsize == 2 and _plain(data.attrs.get("dtype")) == "bfloat16"  # noqa: PLR2004
        if data.dtype.kind not in _WEIGHT_KINDS and not brain:
            raise UnsupportedModelError(f"{self._source}: {path} has type {data.dtype}; numbers are needed")
        chunk = data.dtype.itemsize * int(np.prod(data.chunks or (0,), dtype=object))
        size = data.dtype.itemsize * int(np.prod(data.shape, dtype=object))
        self._budget -= size
        if self._budget < 0 or chunk > max(64 << 20, 2 * size):
            raise LimitExceededError(
                f"{self._source}: {path} declares {size:,} bytes in chunks of {chunk:,}; the limit for all weights "
                f"together is {self._limits.weight_bytes:,}"
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _bfloat16(value: NDArray[np.generic]) -> NDArray[np.generic]:
    """The upper half of a float32 each."""
    wide = value.view("<u2").astype("<u4") << 16
    return cast("NDArray[np.generic]", wide.view("<f4"))


def _plain(value: object) -> object:
    if isinstance(value, h5py.Empty) or value is None:
        return None
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.generic):
        return _plain(value.item())
    return value


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
