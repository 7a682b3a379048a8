"""What keramos adds to a Keras file: one sealed JSON document. docs/format.md describes it for other implementers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from keramos.artifact.places import leaves
from keramos.artifact.roles import roles
from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.types.artifact import CONTENT_VERSION, WeightDigest

if TYPE_CHECKING:
    from keramos.types.artifact import Content, SealState
    from keramos.types.network import Layer, Network


@dataclass(frozen=True, slots=True)
class Document:
    """The whole document: the content, a digest for each weight it belongs to, and one for the layers."""

    content: Content
    weights: tuple[WeightDigest, ...]
    network_sha256: str


def encode(content: Content, network: Network) -> bytes:
    """The document as UTF-8 JSON; equal parcels give equal bytes. A number that is not finite becomes null."""
    return msgspec.json.encode(
        Document(content, weight_digests(network), network_digest(network)), order="deterministic"
    )


def decode(data: bytes, source: str) -> Document:
    """The document from its bytes.

    Raises:
        CorruptModelError: it is not such a document.
        UnsupportedModelError: a newer keramos wrote it.
    """
    digest, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise CorruptModelError(f"{source}: the keramos content was changed after it was written (its digest differs)")
    try:
        version = msgspec.json.decode(body, type=_Versioned).content.version
        if version > CONTENT_VERSION:
            raise UnsupportedModelError(
                f"{source}: its keramos content has version {version}, this keramos reads up to {CONTENT_VERSION}; "
                "upgrade keramos"
            )
        return msgspec.json.decode(body, type=Document)
    except msgspec.MsgspecError as error:
        raise CorruptModelError(f"{source}: the keramos content is damaged: {error}") from None


class _Version(msgspec.Struct):
    version: int


class _Versioned(msgspec.Struct):
    content: _Version


def weight_digests(network: Network) -> tuple[WeightDigest, ...]:
    """One digest a weight, in Keras' order of layers and weights."""
    found = []
    for folder, layer in leaves(network):
        names = [role.name for role in roles(layer.kind, layer.config)]
        for place, weight in enumerate(layer.weights):
            name = names[place] if place < len(names) else str(place)
            array = np.ascontiguousarray(weight)
            array = array.astype(array.dtype.newbyteorder("<"))
            digest = hashlib.sha256(f"{array.dtype.name}{array.shape}".encode() + array.tobytes()).hexdigest()
            found.append(WeightDigest(f"{folder}/{name}", array.shape, array.dtype.name, digest))
    return tuple(found)


def network_digest(network: Network) -> str:
    """SHA-256 over the layers' classes and configs and how they are connected, names included."""
    return hashlib.sha256(msgspec.json.encode(_plain(network), order="deterministic")).hexdigest()


def _plain(network: Network) -> object:
    return {
        "layers": [
            [layer.name, layer.kind, layer.config, [_inner(part) for part in layer.inner], _nested(layer.network)]
            for layer in network.layers.values()
        ],
        "calls": [[call.layer, call.args, dict(call.kwargs)] for call in network.calls],
        "inputs": network.inputs,
        "outputs": network.outputs,
    }


def _inner(layer: Layer) -> object:
    return [layer.name, layer.kind, layer.config, [_inner(part) for part in layer.inner]]


def _nested(network: Network | None) -> object:
    return None if network is None else _plain(network)


def seal_of(document: Document, network: Network) -> tuple[SealState, str]:
    """Whether content and network are as they were written together, and what changed if not."""
    if network_digest(network) != document.network_sha256:
        return "broken", "the layers were changed after keramos wrote the file"
    now = {weight.name: weight for weight in weight_digests(network)}
    then = {weight.name: weight for weight in document.weights}
    changed = [name for name in then if name not in now or now[name] != then[name]]
    if changed or now.keys() != then.keys():
        names = ", ".join((changed or sorted(now.keys() - then.keys()))[:3])
        return "broken", f"weights were changed after keramos wrote the file: {names}"
    return "intact", ""
