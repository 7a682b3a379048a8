"""A store of models: publish, list, label, roll back, prune.

The layout is TensorFlow Serving's, ``<root>/<model>/<integer>/``, with one model in each version's
folder: a file, or a folder of files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from keramos.artifact.containers.table import form_of, model_source
from keramos.errors import (
    ModelError,
    SaveError,
    StoreError,
    UnsupportedModelError,
    UsageError,
    quoted,
)
from keramos.pipeline.load import load
from keramos.pipeline.reading import about
from keramos.signing.bound import check_bound
from keramos.signing.signing import read_signature, signature_path
from keramos.store.labels import Label, label_bytes, labels_of, read_labels
from keramos.store.local import LocalPlace
from keramos.store.names import LABELS, check_label, check_model
from keramos.store.place import Parcel
from keramos.store.remote import RemotePlace
from keramos.types.limits import LIMITS
from keramos.types.versions import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from keramos.artifact.containers.container import Form
    from keramos.artifact.sources import ModelSource
    from keramos.compile.replacements import Replacement
    from keramos.store.labels import Labels
    from keramos.store.place import Place, Stored


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was taken away and what stays, version numbers ascending."""

    model: str
    removed: tuple[int, ...]
    kept: tuple[int, ...]


class Store:
    """A store at a folder or a URL (``s3://bucket/models``). Local ones are safe for writers in
    several processes.

    It is a ``Source`` of versions for a server too.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = str(root)
        self._place = _place(self.root)

    def versions(self, model: str | None = None) -> Sequence[Version]:
        """All versions, or those of one model, by name and number. Among all, those of a model
        whose labels cannot be read have none and say why.

        Raises:
            StoreError: the store cannot be read, or has no such model, or its labels cannot be
                read.
        """
        if model is None:
            return [version for name in self._place.models() for version in self._versions(name)]
        found = self._versions(check_model(model))
        if not found:
            have = ", ".join(self._place.models())
            raise StoreError(
                f"the store has no version of a model {quoted(model)}",
                file=str(self.root),
                remedy=f"Name one of its models: {have}" if have else "Publish a model first",
            )
        self._labels(model)
        return found

    def local(self, version: Version) -> AbstractContextManager[Path]:
        """The version's model on this machine's disk, while the context is open."""
        return self._place.local(version.file)

    def publish(
        self,
        file: str | Path,
        model: str,
        labels: Sequence[str] = (),
        replace: Mapping[str, Replacement] | None = None,
        by: str | None = None,
    ) -> Version:
        """Prove a saved model by its golden rows and add it as the model's next version,
        completely or not at all. A signature next to it is stored with it.

        ``labels`` point to it afterwards. ``replace`` (what layers that hold code compute, by name)
        and ``by`` (config or graph) are as for ``load``; they are for the proof alone, so that who
        opens the version gives them again.

        Raises:
            ModelError: the file cannot be used, or its signature is for another model; nothing was
                added.
            SaveError: it could not be written; nothing was added.
            UsageError: the model or a label cannot be called so, or a replacement is wrong.
        """
        check_model(model)
        for label in labels:
            check_label(label)
        if not (Path(file).is_file() or Path(file).is_dir()):
            raise SaveError(
                "the path is neither a file nor a folder",
                file=str(file),
                remedy="Name a model; nothing was added",
            )
        parcel = _parcel(str(file))

        def check_number(number: int) -> None:
            if parcel.signature is not None:
                check_bound(parcel.signature, model, number, str(file))

        stored = self._place.add(
            model, parcel, lambda copy: _prove(copy, str(file), replace, by), check_number
        )
        for label in labels:
            self._point(model, label, stored.number, back=False)
        return self._one(model, stored.number)

    def label(self, model: str, label: str, version: int) -> Version:
        """Point a label to a version.

        Raises:
            StoreError: there is no such version.
        """
        self._point(model, label, version, back=True)
        return self._one(model, version)

    def _point(self, model: str, label: str, version: int, *, back: bool) -> None:
        """Point a label to a version; without ``back`` only to a newer one, so that of publishers
        at once the newest has it.
        """
        check_label(label)
        with self._place.locked(check_model(model)):
            self._one(model, version)
            labels = self._labels(model)
            if not back and label in labels and labels[label].version > version:
                return
            labels[label] = labels[label].moved(version) if label in labels else Label(version)
            self._place.write_labels(model, label_bytes(labels))

    def unlabel(self, model: str, label: str) -> None:
        """Take a label away.

        Raises:
            StoreError: there is no such label.
        """
        with self._place.locked(check_model(model)):
            labels = self._labels(model)
            self._label(model, label, labels)
            del labels[label]
            self._place.write_labels(model, label_bytes(labels))

    def rollback(
        self,
        model: str,
        label: str | None = None,
        replace: Mapping[str, Replacement] | None = None,
        by: str | None = None,
    ) -> Version:
        """Undo the last step: a label goes back to the version it had before; without a label, the
        file of the version before the newest is published again as the newest (``replace``
        and ``by`` as for ``publish``), and the bad one stays to be studied.

        Raises:
            StoreError: there is nothing to go back to.
        """
        if label is None:
            return self._again(model, replace, by)
        with self._place.locked(check_model(model)):
            labels = self._labels(model)
            present = {stored.number for stored in self._place.versions(model)}
            back = self._label(model, label, labels).back(present)
            if back is None:
                raise StoreError(
                    f"label {quoted(label)} of model {quoted(model)} had no other version that "
                    "still exists",
                )
            labels[label] = back
            self._place.write_labels(model, label_bytes(labels))
        return self._one(model, back.version)

    def prune(self, model: str, keep: int) -> Pruned:
        """Remove all but the newest ``keep`` versions; those with a label always stay.

        Raises:
            UsageError: ``keep`` is below 1.
            StoreError: there is no such model.
        """
        if keep < 1:
            raise UsageError("at least 1 version must be kept", option="keep", received=str(keep))
        with self._place.locked(check_model(model)):
            found = self.versions(model)
            gone = [version.number for version in found[:-keep] if not version.labels]
            for number in gone:
                self._place.remove(model, number)
        return Pruned(model, tuple(gone), tuple(v.number for v in found if v.number not in gone))

    def _again(
        self, model: str, replacements: Mapping[str, Replacement] | None, by: str | None
    ) -> Version:
        found = self.versions(model)
        if len(found) < 2:  # noqa: PLR2004 (the newest and one before)
            raise StoreError(
                f"model {quoted(model)} has no version before version {found[-1].number}"
            )
        with self.local(found[-2]) as file:
            return self.publish(file, model, replace=replacements, by=by)

    def _versions(self, model: str) -> list[Version]:
        try:
            labels, fault = self._labels(model), ""
        except StoreError as error:
            labels, fault = {}, str(error)
        return [_version(model, stored, labels, fault) for stored in self._place.versions(model)]

    def _one(self, model: str, number: int) -> Version:
        found = self._versions(model)
        for version in found:
            if version.number == number:
                return version
        have = ", ".join(str(version.number) for version in found)
        raise StoreError(
            f"model {quoted(model)} has no such version",
            received=f"version {number}",
            remedy=f"Name one of its versions: {have}",
        )

    def _labels(self, model: str) -> Labels:
        return read_labels(self._place.labels(model), f"{self.root}/{model}/{LABELS}")

    def _label(self, model: str, label: str, labels: Labels) -> Label:
        if label not in labels:
            have = ", ".join(sorted(labels))
            raise StoreError(
                f"model {quoted(model)} has no label {quoted(label)}",
                remedy=f"Name one of its labels: {have}" if have else "Set a label first",
            )
        return labels[label]


def _place(root: str) -> Place:
    scheme, separator, path = root.partition("://")
    if not separator:
        return LocalPlace(root)
    return LocalPlace(path) if scheme in {"file", "local"} else RemotePlace(root)


def _parcel(file: str) -> Parcel:
    """What is published of a path: all its bytes, read once, and its signature."""
    with about(file):
        source = model_source(file, LIMITS)
        form = form_of(source)
        name = form.stored_as
        if name is None:
            raise _not_whole(source, form)
        signature = signature_path(source.path)
        held = read_signature(signature) if signature.is_file() else None
    return Parcel(source, name, held)


def _not_whole(source: ModelSource, form: Form) -> ModelError:
    """The error about a file that is no whole model."""
    if form.companions is not None:
        what, remedy = "the file is one of several", "Publish the folder that holds them"
        return UnsupportedModelError(what, file=source.path, remedy=remedy)
    container = form.open(source, LIMITS)
    if container.lacks is not None:
        return container.lacks()
    part = "an architecture" if container.weights is None else "weights"
    return UnsupportedModelError(
        f"the file is {part} alone",
        file=source.path,
        remedy="Publish the whole model: keramos convert ARCHITECTURE model.keras --weights "
        "WEIGHTS makes one file of both",
    )


def _prove(
    copy: Path, source: str, replacements: Mapping[str, Replacement] | None, by: str | None
) -> None:
    """Load a copy; errors name the model that it is a copy of."""
    try:
        load(copy, replace=replacements, by=by)
    except ModelError as error:
        if (file := error.where.file) is not None and file.startswith(str(copy)):
            error.where = changed(error.where, file=source + file.removeprefix(str(copy)))
        raise


def _version(model: str, stored: Stored, labels: Labels, labels_fault: str) -> Version:
    return Version(
        model,
        stored.number,
        stored.file,
        stored.size,
        stored.modified,
        labels_of(stored.number, labels),
        labels_fault=labels_fault,
    )
