"""One HDF5 file by paths: names, attributes and arrays, nothing followed but hard links."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.artifact.hdf5.attributes import attributes, value_of
from keramos.artifact.hdf5.datasets import is_dataset, read_dataset, shape_of, stated
from keramos.artifact.hdf5.headers import read_header
from keramos.artifact.hdf5.heaps import GlobalHeap
from keramos.artifact.hdf5.links import is_group, links
from keramos.artifact.hdf5.superblock import open_image
from keramos.errors import CorruptModelError, LimitExceededError, UnsafeModelError, located

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.hdf5.attributes import Attribute
    from keramos.artifact.hdf5.headers import Header
    from keramos.artifact.hdf5.links import Link
    from keramos.artifact.limits import Limits
    from keramos.types.stored import StoredTensor


class Hdf5:
    """One open HDF5 file, from bytes. Every name in an error is a path inside the file.

    Raises:
        ModelError: from every method too: the file is damaged (CorruptModelError), asks for
            something that is never done (UnsafeModelError), uses a part of HDF5 that Keras never
            does (UnsupportedModelError), or more than the limits allow (LimitExceededError).
    """

    def __init__(self, data: bytes, source: str, limits: Limits, member: str = "") -> None:
        """``member`` is the path of the file inside an archive, for errors only."""
        self._source = source
        self._member = member
        self._limits = limits
        self._headers: dict[int, Header] = {}
        self._links: dict[int, dict[str, Link]] = {}
        self._attributes: dict[int, dict[str, Attribute]] = {}
        self._names = 0
        with located(file=source, path=member or None):
            self._image, self._root = open_image(data, limits)
        self._heap = GlobalHeap(self._image)

    def _at(self, path: str, attribute: str = "") -> AbstractContextManager[None]:
        """Errors from inside the block name the file and a path inside it."""
        place = self._place(path)
        return located(
            file=self._source, path=f"{place}, attribute {attribute}" if attribute else place
        )

    def _place(self, path: str) -> str:
        return "/".join(filter(None, (self._member, path))) or "/"

    def is_group(self, path: str) -> bool:
        """Whether a group is at a path."""
        found = self._find(path)
        return found is not None and is_group(found)

    def _find(self, path: str) -> Header | None:
        """The object at a path, reached by hard links only; None where there is none."""
        with self._at(path):
            here = self._header(self._root)
            for part in filter(None, path.split("/")):
                link = self._links_of(here).get(part) if is_group(here) else None
                if link is None:
                    return None
                if link.kind:
                    raise UnsafeModelError(
                        f"the object is reached by {link.kind}; everything must be stored in the "
                        "file itself",
                    )
                here = self._header(link.address)
            return here

    def _header(self, address: int) -> Header:
        if address not in self._headers:
            self._headers[address] = read_header(self._image, address)
        return self._headers[address]

    def _links_of(self, group: Header) -> dict[str, Link]:
        if group.address not in self._links:
            found = links(self._image, group)
            self._names += len(found)
            if self._names > self._limits.objects:
                raise LimitExceededError(
                    f"the group and those beside it hold more than {self._limits.objects:,} "
                    "names, the limit",
                )
            self._links[group.address] = found
        return self._links[group.address]

    def names(self, path: str) -> list[str]:
        """Names in a group; empty where there is no such group."""
        found = self._find(path)
        if found is None:
            return []
        with self._at(path):
            if not is_group(found):
                raise CorruptModelError("the path is a dataset where a group is expected")
            return list(self._links_of(found))

    def datasets(self, skip: Collection[str] = ()) -> list[str]:
        """Paths of all datasets, reached by hard links only; top-level groups named in ``skip`` are
        left out.

        Raises:
            LimitExceededError: there are more objects than a model has.
            UnsafeModelError: a group is reached by two paths.
        """
        found: list[str] = []
        groups: set[int] = {self._root}
        waiting = [name for name in self.names("") if name not in skip]
        while waiting:
            path = waiting.pop()
            if path.count("/") > self._limits.json_depth:
                raise LimitExceededError(
                    "the path nests deeper than any model",
                    file=self._source,
                    path=self._place(path),
                )
            here = self._find(path)
            if here is None:
                continue
            if is_group(here):
                with self._at(path):
                    if here.address in groups:
                        raise UnsafeModelError(
                            "the group has another path too; groups must form a tree",
                            remedy="Save the model again",
                        )
                    groups.add(here.address)
                waiting += self._below(path)
            elif is_dataset(here):
                found.append(path)
        return found

    def _below(self, path: str) -> list[str]:
        """Paths of what a group holds, paid for: long names make them longer than the file."""
        names = self.names(path)
        with self._at(path):
            self._image.pay_text(len(names) * (len(path) + 1) + sum(map(len, names)))
        return [f"{path}/{name}" for name in names]

    def attribute(self, path: str, name: str) -> object:
        """An attribute as Python text, number or list; None where it is absent."""
        found = self._find(path)
        return None if found is None else self._attribute(found, path, name)

    def _attribute(self, header: Header, path: str, name: str) -> object:
        with self._at(path):
            if header.address not in self._attributes:
                self._attributes[header.address] = attributes(self._image, header)
            attribute = self._attributes[header.address].get(name)
        if attribute is None:
            return None
        with self._at(path, name):
            return value_of(self._image, self._heap, attribute)

    def text(self, path: str, name: str) -> str | None:
        """A text attribute; None where it is absent."""
        value = self.attribute(path, name)
        if value is None or isinstance(value, str):
            return value
        raise CorruptModelError(
            f"attribute {name} is not text", file=self._source, path=self._place(path)
        )

    def text_list(self, path: str, name: str) -> list[str]:
        """A list of texts; Keras splits one above 64512 bytes over name0, name1 ..."""
        whole = self.attribute(path, name)
        chunks = [whole] if whole is not None else list(self._chunks(path, name))
        found = [
            str(item)
            for chunk in chunks
            for item in (chunk if isinstance(chunk, list) else [chunk])
        ]
        if len(found) > self._limits.layers:
            raise LimitExceededError(
                f"attribute {name} lists more than {self._limits.layers:,} names, the limit",
                received=f"{len(found):,}",
                file=self._source,
                path=self._place(path),
            )
        return found

    def _chunks(self, path: str, name: str) -> Iterator[object]:
        for number in range(self._limits.layers):
            chunk = self.attribute(path, f"{name}{number}")
            if chunk is None:
                return
            yield chunk

    def shape(self, path: str) -> tuple[int, ...]:
        """The shape of a dataset, as it states it; nothing of its values is read."""
        found = self._find(path)
        if found is None or not is_dataset(found):
            raise CorruptModelError(
                "the file has no dataset at a path that it names",
                file=self._source,
                path=self._place(path),
            )
        with self._at(path):
            return shape_of(self._image, found)

    def tensors(self) -> tuple[StoredTensor, ...]:
        """Name, shape and type of every dataset, as the file states them; no values are read."""
        return tuple(self._tensor(path) for path in sorted(self.datasets()))

    def _tensor(self, path: str) -> StoredTensor:
        from keramos.types.stored import StoredTensor  # noqa: PLC0415 (start-up time)

        found = cast("Header", self._find(path))
        brain = self._attribute(found, path, "dtype")
        with self._at(path):
            shape, dtype, size = stated(self._image, found, brain)
        return StoredTensor(path, shape, dtype, size)

    def array(self, path: str) -> NDArray[np.generic]:
        """A dataset as an array, read-only where it is a view of the file's bytes; bfloat16 becomes
        float32.
        """
        found = self._find(path)
        if found is None or not is_dataset(found):
            raise CorruptModelError(
                "the file has no dataset at a path that it names",
                file=self._source,
                path=self._place(path),
            )
        brain = self._attribute(found, path, "dtype")
        with self._at(path):
            return read_dataset(self._image, found, brain)
