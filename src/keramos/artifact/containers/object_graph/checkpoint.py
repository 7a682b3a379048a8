"""Checkpoints of Keras 2: ``model.save_weights("x")``, with or without the architecture beside."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.artifact.containers.container import Container
from keramos.artifact.containers.object_graph.object_weights import ObjectWeights
from keramos.artifact.containers.object_graph.trackables import read_trackables
from keramos.artifact.containers.plain_config import plain_text
from keramos.artifact.strict_json import parse_json
from keramos.artifact.tensor_bundle import Bundle, shard_names
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource

STATE = "checkpoint"
"""The file that names the newest checkpoint of a folder."""

_INDEX = ".index"
_NEWEST = re.compile(rb'^\s*model_checkpoint_path:\s*"([^"\\\n]+)"', re.MULTILINE)


def companions(source: ModelSource, limits: Limits) -> Sequence[str]:
    """The shards of an index.

    Raises:
        ModelError: the index cannot be read.
    """
    return shard_names(source.main, _prefix(source), limits)


def open_index(source: ModelSource, limits: Limits) -> Container:
    """Open the weights of an index and its shards.

    Raises:
        ModelError: they are damaged, or exceed a limit.
    """
    weights = _weights(source, source.main, _prefix(source), limits)
    return Container(None, weights, tensors=weights.tensors)


def open_folder(source: ModelSource, limits: Limits) -> Container:
    """Open the newest checkpoint of a folder, with the architecture in its only JSON file.

    Raises:
        CorruptModelError: the folder does not say which checkpoint is the newest.
        ModelError: it is damaged, or exceeds a limit.
    """
    prefix = _newest(source)
    weights = _weights(source, source.part(f"{prefix}{_INDEX}"), prefix, limits)
    texts = [name for name in source.parts if name.endswith(".json")]
    if len(texts) != 1:
        return Container(None, weights, tensors=weights.tensors)
    found = parse_json(source.part(texts[0]), texts[0], limits)
    version, backend = (str(found.get(key) or "") for key in ("keras_version", "backend"))
    return Container(plain_text(found), weights, version, backend, tensors=weights.tensors)


def _prefix(source: ModelSource) -> str:
    return Path(source.path).name.removesuffix(_INDEX)


def _newest(source: ModelSource) -> str:
    """The name of the newest checkpoint; paths of other machines count by their last step."""
    there = [name.removesuffix(_INDEX) for name in source.parts if name.endswith(_INDEX)]
    stated = _NEWEST.search(source.part(STATE))
    name = posixpath.basename(stated[1].decode("utf-8", "replace")) if stated else ""
    if name not in there and len(there) != 1:
        raise CorruptModelError(
            f"the folder has {len(there)} checkpoints, and the file does not name one of them",
            received=repr(name[:80]),
            path=STATE,
        )
    return name if name in there else there[0]


def _weights(source: ModelSource, index: bytes, prefix: str, limits: Limits) -> ObjectWeights:
    bundle = Bundle(index, prefix, source.part, limits)
    return ObjectWeights(bundle, read_trackables(bundle, limits))
