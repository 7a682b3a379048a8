"""Models of TensorFlow.js: a topology in Keras' words or a graph, and weights in shards.

Source: tfjs-core/src/io/io_utils.ts, tfjs-layers/src/models.ts, and quantization.py of the
converter.
"""

from __future__ import annotations

import json
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from keramos.artifact.containers.container import Container, LeafGroups
from keramos.artifact.containers.hdf5_weights import is_for_answers
from keramos.artifact.containers.named_weights import leaves_of
from keramos.artifact.containers.plain_config import plain
from keramos.artifact.containers.tfjs_metadata import notes_of
from keramos.artifact.strict_json import parse_json
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    MismatchError,
    UnsupportedModelError,
    UsageError,
)
from keramos.types.stored import StoredTensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource
    from keramos.types.network import Network

    Array = NDArray[np.generic]
    Json = dict[str, object]

FILE = "model.json"
CONTENT = "keramos"
"""The key of keramos' content in ``userDefinedMetadata``."""

_TYPES = {"float32": "<f4", "int32": "<i4", "bool": "?", "float16": "<f2"}
_QUANTISED = {"uint8": "u1", "uint16": "<u2", "float16": "<f2"}
_OWN_WRITER = "tfjs-layers"
_LIKE = "2.4.0"
"""The version of Keras that TensorFlow.js computes like; its own numbers count otherwise."""


class Stored(NamedTuple):
    """One weight of the manifest and its bytes."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantisation: Json | None
    data: memoryview
    optimizer: bool

    @property
    def bytes(self) -> int:
        """Bytes of the values in memory."""
        return prod(self.shape) * np.dtype(_TYPES[self.dtype]).itemsize

    def array(self) -> Array:
        """The values, those of quantised weights as TensorFlow.js computes them."""
        if self.quantisation is None:
            return np.frombuffer(self.data, _TYPES[self.dtype]).reshape(self.shape)
        kind = str(self.quantisation["dtype"])
        values = np.frombuffer(self.data, _QUANTISED[kind]).reshape(self.shape)
        if kind == "float16":
            return values.astype("f4")
        scale, least = (_number(self.quantisation, key, self.name) for key in ("scale", "min"))
        found = values * scale + least
        return np.rint(found).astype("i4") if self.dtype == "int32" else found.astype("f4")


class ManifestWeights:
    """A ``WeightStore`` of a manifest. Names may stand twice, so paths are numbers."""

    def __init__(self, stored: Sequence[Stored]) -> None:
        """``stored`` are all weights in order."""
        self._stored = {str(place): one for place, one in enumerate(stored)}

    def groups(self) -> LeafGroups:
        """The weights of each layer, which their names begin with."""
        names = {path: one.name for path, one in self._stored.items() if is_for_answers(one.name)}
        return LeafGroups(lambda network: leaves_of(network, names))

    def unlisted(self) -> str | None:
        """Nothing: weights of no layer are refused where layers look for theirs."""
        return None

    def paths(self) -> list[str]:
        """The numbers of all weights."""
        return list(self._stored)

    def shape(self, path: str) -> tuple[int, ...]:
        """The shape that the manifest states."""
        return self._stored[path].shape

    def array(self, path: str) -> Array:
        """The values of a weight."""
        return self._stored[path].array()

    def owner(self, path: str) -> object:  # noqa: ARG002 (the protocol)
        """Nothing: names alone say whose a weight is."""
        return None

    def recorded(self, name: str) -> str:  # noqa: ARG002 (the protocol)
        """Nothing: the topology says who wrote the model."""
        return ""


def shard_names(data: bytes, limits: Limits) -> list[str]:
    """The relative paths of the shards that a model lists.

    Raises:
        ModelError: the manifest is not one.
    """
    groups = _groups(parse_json(data, FILE, limits))
    return list(dict.fromkeys(path for paths, _ in groups for path in paths))


def open_tfjs(source: ModelSource, limits: Limits) -> Container:
    """Open ``model.json`` and its shards.

    Raises:
        ModelError: it is damaged, or exceeds a limit.
    """
    found = parse_json(source.part(FILE) if source.folder else source.main, FILE, limits)
    topology = found.get("modelTopology")
    if topology is None:
        alone = list(_weights(found, source, limits))
        layers = ManifestWeights([one for one in alone if not one.optimizer])
        return Container(None, layers, tensors=lambda: _tensors(alone))
    if not isinstance(topology, dict):
        raise CorruptModelError("the modelTopology is not an object", path=FILE)
    if "node" in topology or found.get("format") == "graph-model":
        return _graph(found, source, limits)
    entry = topology.get("model_config", topology)
    if not isinstance(entry, dict):
        raise CorruptModelError("the model_config is not an object", path=FILE)
    version, backend = (str(topology.get(key) or "") for key in ("keras_version", "backend"))
    if version.startswith(_OWN_WRITER):
        entry, version = cast("Json", _without_nulls(entry)), f"{_LIKE} ({version})"
    training = topology.get("training_config")
    more = found.get("userDefinedMetadata")
    content = more.get(CONTENT) if isinstance(more, dict) else None
    stored = list(_weights(found, source, limits))
    return Container(
        json.dumps(plain({key: entry.get(key) for key in ("class_name", "config")})).encode(),
        ManifestWeights([one for one in stored if not one.optimizer]),
        version,
        backend,
        training=json.dumps(training).encode() if isinstance(training, dict) else None,
        content=content.encode() if isinstance(content, str) else None,
        tensors=lambda: _tensors(stored),
        notes=notes_of(source, limits),
    )


def _tensors(stored: Sequence[Stored]) -> tuple[StoredTensor, ...]:
    """Every array of the manifest, as it is in memory."""
    return tuple(StoredTensor(one.name, one.shape, one.dtype, one.bytes) for one in stored)


def _graph(found: Json, source: ModelSource, limits: Limits) -> Container:
    """A graph of TensorFlow operations, which has no config."""
    from keramos.artifact.containers.graph_def.json_graph import (  # noqa: PLC0415 (few are graphs)
        json_network,
    )

    stored = list(_weights(found, source, limits))
    constants = {one.name: one.array for one in stored}

    def network(endpoint: str | None) -> Network:
        if endpoint is not None:
            raise UsageError("a model of TensorFlow.js has one graph", received=endpoint)
        return json_network(found, constants, limits)

    return Container(None, backend="tensorflow.js", tensors=lambda: _tensors(stored), graph=network)


def _without_nulls(value: object) -> object:
    """The config without nulls, which TensorFlow.js writes for what has its default."""
    if isinstance(value, list):
        return [None if part is None else _without_nulls(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {key: _without_nulls(part) for key, part in value.items() if part is not None}


def _groups(found: Json) -> Iterator[tuple[list[str], list[Json]]]:
    """The shards and the weights of each group of the manifest."""
    manifest = found.get("weightsManifest")
    if not isinstance(manifest, list):
        raise CorruptModelError("the model has no weightsManifest", path=FILE)
    for group in manifest:
        paths = group.get("paths") if isinstance(group, dict) else None
        weights = group.get("weights") if isinstance(group, dict) else None
        if (
            not isinstance(paths, list)
            or not isinstance(weights, list)
            or not all(isinstance(path, str) for path in paths)
            or not all(isinstance(weight, dict) for weight in weights)
        ):
            raise CorruptModelError(
                "a group of the weightsManifest is not {paths, weights}",
                received=repr(group)[:80],
                path=FILE,
            )
        yield paths, weights


def _weights(found: Json, source: ModelSource, limits: Limits) -> Iterator[Stored]:
    """All weights; each group's bytes are used up exactly."""
    total = count = 0
    seen: set[str] = set()
    for paths, weights in _groups(found):
        _check_once(paths, seen)
        count += len(weights)
        if count > limits.objects:
            raise LimitExceededError(
                f"the weightsManifest has more than {limits.objects:,} weights, the limit "
                "(objects)",
                received=f"{count:,}",
                path=FILE,
            )
        shards = [source.part(path) for path in paths]
        data = memoryview(shards[0] if len(shards) == 1 else b"".join(shards))
        at = 0
        for weight in weights:
            one = _stored(weight, data[at:])
            at += len(one.data)
            total += one.bytes
            if total > limits.weight_bytes:
                raise LimitExceededError(
                    f"the weights have more than {limits.weight_bytes:,} bytes, the limit "
                    "(weight_bytes)",
                    path=FILE,
                )
            yield one
        if at != len(data):
            raise MismatchError(
                f"the weights of {', '.join(paths)[:80]} need {at:,} bytes",
                received=f"{len(data):,}",
                path=FILE,
            )


def _check_once(paths: Sequence[str], seen: set[str]) -> None:
    """A shard that is listed often would be joined to weights of any size."""
    for path in paths:
        if path in seen:
            raise CorruptModelError("the weightsManifest lists the shard twice", path=path)
        seen.add(path)


def _stored(weight: Json, data: memoryview) -> Stored:
    """One weight at the begin of what is left of its group."""
    name, dtype, shape = (weight.get(key) for key in ("name", "dtype", "shape"))
    quantisation = weight.get("quantization")
    if not isinstance(name, str) or not isinstance(shape, list) or str(dtype) not in _TYPES:
        raise UnsupportedModelError(
            f"a weight is not {{name, shape, dtype}} with a dtype of {', '.join(_TYPES)}",
            received=repr(weight)[:80],
            path=FILE,
        )
    if not all(type(size) is int and size >= 0 for size in shape):
        raise CorruptModelError(
            "the shape of a weight is not one", received=repr(shape)[:80], path=name
        )
    kind = _TYPES[str(dtype)]
    if quantisation is not None:
        word = quantisation.get("dtype") if isinstance(quantisation, dict) else None
        if str(word) not in _QUANTISED:
            raise UnsupportedModelError(
                f"the weight is quantised otherwise than to {', '.join(_QUANTISED)}",
                received=repr(quantisation)[:80],
                path=name,
            )
        kind = _QUANTISED[str(word)]
    size = prod(shape) * np.dtype(kind).itemsize
    if size > len(data):
        raise CorruptModelError(
            f"the weight needs {size:,} bytes; its shards are cut, or a size is wrong",
            received=f"{len(data):,}",
            path=name,
        )
    packed = cast("Json | None", quantisation)
    optimizer = weight.get("group") == "optimizer"
    return Stored(name, tuple(shape), str(dtype), packed, data[:size], optimizer)


def _number(quantisation: Json, key: str, name: str) -> float:
    value = quantisation.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CorruptModelError(
            f"the weight is quantised without a number {key!r}",
            received=repr(value)[:80],
            path=name,
        )
    return float(value)
