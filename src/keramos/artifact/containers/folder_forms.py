"""Forms beside ``.h5`` and ``.keras``: how each is recognised. What opens them is imported when the
first one is opened.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.artifact.containers.magic_bytes import ZIP
from keramos.artifact.containers.saved_model_files import SAVED_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.artifact.containers.container import Container, Head
    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource

_TFJS = (
    rb'\s*\{\s*"(?:format|generatedBy|convertedBy|modelTopology|weightsManifest|signature'
    rb'|trainingConfig|userDefinedMetadata|modelInitializer)"\s*:'
)
_INDEX = (
    rb"(?s)(?:[\x80-\xff]{0,4}[\0-\x7f](?:[\xf0-\xf4].{1,4}|.))?"
    rb"\0\0[\x02-\x20]\x08[\x01-\x7f]"
)
"""The entry of the header in an index, behind the length and tag of a packed block."""
_SHARDED = rb'\s*\{\s*"(?:metadata|weight_map)"\s*:'
_ENTRY = rb"(?s)PK\x03\x04.{22}(..).."
_KERAS_ENTRIES = ("config.json", "model.weights.h5")
_IN_FOLDERS = (
    r"(^|/)(saved_model\.pb|model\.json|keras_metadata\.pb|fingerprint\.pb|checkpoint|variables/.*"
    r"|[^/]*\.(bin|index|h5|hdf5|keras))$"
)
_TAR_MARK, _TAR_AT, _TAR_BLOCK, _GZIP = b"ustar", 257, 512, b"\x1f\x8b"
_BZIP2_OR_XZ = rb"BZh[1-9]1AY&SY|\xfd7zXZ\0"
_TENSORS = rb"(?s).{8}\{\s*(\"[^\"]*\"\s*:\s*\{|\})"
_TFJS_PARTS = (b'"modelTopology"', b'"weightsManifest"')
_OTHER_MODELS = (".h5", ".hdf5", ".keras", ".pb")


def is_saved_model(head: Head) -> bool:
    """Whether it is a folder with a ``saved_model.pb``."""
    return head.names is not None and SAVED_MODEL in head.names


def open_saved_model(source: ModelSource, limits: Limits) -> Container:
    """Open a SavedModel folder.

    Raises:
        ModelError: it cannot be used.
    """
    from keramos.artifact.containers.object_graph import (  # noqa: PLC0415 (start-up time)
        saved_model,
    )

    return saved_model.open_saved_model(source, limits)


def open_its_graph(source: ModelSource, limits: Limits) -> Container:
    """Open the graph of a SavedModel folder.

    Raises:
        ModelError: it cannot be used.
    """
    from keramos.artifact.containers.object_graph import (  # noqa: PLC0415 (start-up time)
        saved_model,
    )

    return saved_model.open_its_graph(source, limits)


def is_tfjs(head: Head) -> bool:
    """Whether the file begins as the ``model.json`` of TensorFlow.js."""
    begins = re.match(_TFJS, head.data) is not None
    return begins and any(part in head.data for part in _TFJS_PARTS)


def is_tfjs_folder(head: Head) -> bool:
    """Whether it is a folder with a ``model.json`` and shards, and without another model."""
    names = head.names or ()
    shards = any(name.endswith(".bin") for name in names)
    others = any(name.endswith(_OTHER_MODELS) for name in names)
    alone = all(name.endswith(".json") for name in names)  # a model without weights
    return "model.json" in names and (alone or (shards and not others))


def open_tfjs(source: ModelSource, limits: Limits) -> Container:
    """Open a model of TensorFlow.js.

    Raises:
        ModelError: it cannot be used.
    """
    from keramos.artifact.containers import tfjs  # noqa: PLC0415 (start-up time)

    return tfjs.open_tfjs(source, limits)


def tfjs_companions(source: ModelSource, limits: Limits) -> Sequence[str]:
    """The shards that a ``model.json`` lists.

    Raises:
        ModelError: the list is not one.
    """
    from keramos.artifact.containers import tfjs  # noqa: PLC0415 (start-up time)

    return tfjs.shard_names(source.main, limits)


def is_index(head: Head) -> bool:
    """Whether the file begins as the index of a checkpoint of TensorFlow."""
    return re.match(_INDEX, head.data) is not None


def is_checkpoint_folder(head: Head) -> bool:
    """Whether it is a folder of checkpoints of TensorFlow."""
    names = head.names or ()
    return "checkpoint" in names and any(name.endswith(".index") for name in names)


def open_index(source: ModelSource, limits: Limits) -> Container:
    """Open one checkpoint.

    Raises:
        ModelError: it cannot be used.
    """
    from keramos.artifact.containers.object_graph import (  # noqa: PLC0415 (start-up time)
        checkpoint,
    )

    return checkpoint.open_index(source, limits)


def open_checkpoint_folder(source: ModelSource, limits: Limits) -> Container:
    """Open the newest checkpoint of a folder.

    Raises:
        ModelError: it cannot be used.
    """
    from keramos.artifact.containers.object_graph import (  # noqa: PLC0415 (start-up time)
        checkpoint,
    )

    return checkpoint.open_folder(source, limits)


def index_companions(source: ModelSource, limits: Limits) -> Sequence[str]:
    """The shards of an index.

    Raises:
        ModelError: the index cannot be read.
    """
    from keramos.artifact.containers.object_graph import (  # noqa: PLC0415 (start-up time)
        checkpoint,
    )

    return checkpoint.companions(source, limits)


def is_sharded(head: Head) -> bool:
    """Whether the file begins as the list of weights in several HDF5 files."""
    return re.match(_SHARDED, head.data) is not None and b'"weight_map"' in head.data


def open_sharded(source: ModelSource, limits: Limits) -> Container:
    """Open weights in several HDF5 files.

    Raises:
        ModelError: they cannot be used.
    """
    from keramos.artifact.containers import sharded_weights  # noqa: PLC0415 (start-up time)

    return sharded_weights.open_sharded(source, limits)


def sharded_companions(source: ModelSource, limits: Limits) -> Sequence[str]:
    """The HDF5 files of a list.

    Raises:
        ModelError: the list is not one.
    """
    from keramos.artifact.containers import sharded_weights  # noqa: PLC0415 (start-up time)

    return sharded_weights.companions(source, limits)


def is_packed(head: Head) -> bool:
    """Whether the file is a zip or tar archive of the files of a model. What bzip2 and xz pack
    shows when it is opened: they unpack a first byte from many.
    """
    data = head.data
    if re.match(_BZIP2_OR_XZ, data):
        return True
    if data.startswith(ZIP):
        names = _zipped_names(data)
        return not any(name in _KERAS_ENTRIES for name in names) and any(
            re.search(_IN_FOLDERS, name) for name in names
        )
    if data.startswith(_GZIP):
        import zlib  # noqa: PLC0415 (start-up time)

        try:
            data = zlib.decompressobj(31).decompress(data, _TAR_BLOCK)
        except zlib.error:
            return False
    return data.startswith(_TAR_MARK, _TAR_AT)


def is_tflite(head: Head) -> bool:
    """Whether the file is marked as a FlatBuffer of TensorFlow Lite."""
    return head.data.startswith(b"TFL3", 4)


def open_tflite(source: ModelSource, limits: Limits) -> Container:
    """Open a model of TensorFlow Lite.

    Raises:
        ModelError: it is damaged, or exceeds a limit.
    """
    from keramos.artifact.containers import tflite  # noqa: PLC0415 (start-up time)

    return tflite.open_tflite(source, limits)


def is_npz(head: Head) -> bool:
    """Whether the file is a zip archive of NumPy's arrays."""
    return (
        head.data.startswith(ZIP)
        and _zipped_names(head.data)[:1] != []
        and all(name.endswith(".npy") for name in _zipped_names(head.data))
    )


def _zipped_names(data: bytes) -> list[str]:
    """Names of the entries of a zip archive whose headers lie in its first bytes."""
    found = []
    for entry in re.finditer(_ENTRY, data):
        end = entry.end() + int.from_bytes(entry[1], "little")
        found.append(data[entry.end() : end].decode("utf-8", "replace"))
    return found


def open_npz(source: ModelSource, limits: Limits) -> Container:
    """Open a ``.npz`` file of weights.

    Raises:
        ModelError: it cannot be used.
    """
    from keramos.artifact.containers import weight_files  # noqa: PLC0415 (start-up time)

    return weight_files.open_npz(source, limits)


def is_safetensors(head: Head) -> bool:
    """Whether the file begins as one of safetensors: the size of a header, and the header."""
    length = int.from_bytes(head.data[:8], "little")
    return re.match(_TENSORS, head.data) is not None and length <= head.size


def open_safetensors(source: ModelSource, limits: Limits) -> Container:
    """Open a file of safetensors.

    Raises:
        ModelError: it cannot be used.
    """
    from keramos.artifact.containers import weight_files  # noqa: PLC0415 (start-up time)

    return weight_files.open_safetensors(source, limits)
