"""What keramos adds to a Keras file: one sealed JSON document. docs/format.md describes it for
other implementers.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from keramos.artifact.content.consistency import check_content
from keramos.artifact.keras.keras3_paths import leaves
from keramos.artifact.weights.weight_specs import weights_of
from keramos.errors import CorruptModelError, LimitExceededError, SaveError, UnsupportedModelError
from keramos.types.artifact import CONTENT_VERSION, Document, WeightDigest

if TYPE_CHECKING:
    from keramos.types.artifact import Content, SealState
    from keramos.types.network import Network


def encode(content: Content, network: Network, config: bytes) -> bytes:
    """The document: its SHA-256 in hexadecimal, a line feed, UTF-8 JSON. ``config`` is the model
    config as written.

    Equal parcels give equal bytes.

    Raises:
        SaveError: a number in it is not finite; JSON has no word for that, so such a file could not
            be read again.
    """
    document = Document(content, weight_digests(network), hashlib.sha256(config).hexdigest())
    body = msgspec.json.encode(document, order="deterministic")
    try:
        msgspec.json.decode(body, type=Document)
    except msgspec.ValidationError as error:
        raise SaveError(
            f"nothing was written: the content holds a number that is not finite ({error}), since "
            "training diverged",
            remedy="Try a smaller learning rate",
        ) from None
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def decode(data: bytes, source: str) -> Document:
    """The document from its bytes.

    Raises:
        CorruptModelError: it is not such a document, or contradicts itself.
        UnsupportedModelError: a newer keramos wrote it.
        LimitExceededError: it nests too deep.
    """
    digest, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise CorruptModelError(
            "the keramos content was changed after it was written (its digest differs)",
            file=source,
        )
    try:
        version = msgspec.json.decode(body, type=_Versioned).content.version
        if version < 1:
            raise CorruptModelError(
                "the keramos content has an unknown version; the first is 1",
                received=str(version),
                file=source,
            )
        if version > CONTENT_VERSION:
            raise UnsupportedModelError(
                "the keramos content has a newer version than this keramos reads, "
                f"{CONTENT_VERSION}",
                received=str(version),
                file=source,
                remedy="Upgrade keramos",
            )
        document = msgspec.json.decode(body, type=Document)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CorruptModelError(f"the keramos content is damaged: {error}", file=source) from None
    except RecursionError:
        raise LimitExceededError(
            "the keramos content nests deeper than any that keramos writes",
            file=source,
        ) from None
    check_content(document.content, source)
    return document


class _Version(msgspec.Struct):
    version: int


class _Versioned(msgspec.Struct):
    content: _Version


def weight_digests(network: Network) -> tuple[WeightDigest, ...]:
    """One digest a weight, in Keras' order of layers and weights."""
    found = []
    for folder, layer in leaves(network):
        names = [role.name for role in weights_of(layer)]
        for place, weight in enumerate(layer.weights):
            name = names[place] if place < len(names) else str(place)
            array = np.ascontiguousarray(weight)
            array = array.astype(array.dtype.newbyteorder("<"))
            digest = hashlib.sha256(
                f"{array.dtype.name}{array.shape}".encode() + array.tobytes()
            ).hexdigest()
            found.append(WeightDigest(f"{folder}/{name}", array.shape, array.dtype.name, digest))
    return tuple(found)


def seal_of(document: Document, network: Network, config: bytes) -> tuple[SealState, str]:
    """Whether content and network are as they were written together, and what changed if not."""
    if hashlib.sha256(config).hexdigest() != document.config_sha256:
        return "broken", "the layers were changed after keramos wrote the file"
    now = {weight.name: weight for weight in weight_digests(network)}
    then = {weight.name: weight for weight in document.weights}
    changed = [name for name in then if name not in now or now[name] != then[name]]
    if changed or now.keys() != then.keys():
        names = ", ".join((changed or sorted(now.keys() - then.keys()))[:3])
        return "broken", f"weights were changed after keramos wrote the file: {names}"
    return "intact", ""
