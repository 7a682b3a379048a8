"""The JSON document that keramos adds to a Keras file, and its seal; see docs/format.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from keramos.artifact.content.consistency import content_fault, network_fault
from keramos.artifact.keras.keras3_paths import leaves
from keramos.artifact.limits import LIMITS
from keramos.artifact.sha256 import sha256
from keramos.artifact.strict_json import parse_json
from keramos.artifact.weights.weight_specs import weights_of
from keramos.errors import (
    CorruptModelError,
    LimitExceededError,
    SaveError,
    UnsupportedModelError,
    UsageError,
    located,
)
from keramos.types.artifact import CONTENT_VERSION, Document, WeightDigest

if TYPE_CHECKING:
    from keramos.artifact.limits import Limits
    from keramos.types.artifact import Content, SealState
    from keramos.types.network import Network


def encode(content: Content, network: Network, config: bytes) -> bytes:
    """The document: its SHA-256 in hexadecimal, a line feed, UTF-8 JSON. ``config`` is the model
    config as written. Equal values give equal bytes.

    Raises:
        SaveError: the content breaks a rule, so such a file could not be read again.
    """
    document = Document(content, weight_digests(network), sha256(config))
    body = msgspec.json.encode(document, order="deterministic")
    try:
        msgspec.json.decode(body, type=Document)
    except msgspec.ValidationError as error:
        # JSON has no word for NaN and infinity.
        raise SaveError(
            f"nothing was written: the content holds a number that is not finite ({error}), since "
            "training diverged",
            remedy="Try a smaller learning rate",
        ) from None
    if (fault := content_fault(content)) is not None:
        path, what = fault
        raise SaveError(f"nothing was written: content.{path} {what}")
    return sha256(body).encode() + b"\n" + body


def decode(data: bytes, source: str, limits: Limits = LIMITS) -> Document:
    """The document from its bytes.

    Raises:
        CorruptModelError: it is not such a document, or breaks a rule; names the path inside it.
        UnsupportedModelError: a newer keramos wrote it.
        LimitExceededError: it nests too deep or holds too many values.
    """
    digest, _, body = data.partition(b"\n")
    if sha256(body).encode() != digest:
        raise CorruptModelError(
            "the keramos content was changed after it was written (its digest differs)",
            file=source,
        )
    try:
        _check_version(msgspec.json.decode(body, type=_Versioned).content.version, source)
        _check_keys(body, source, limits)
        document = msgspec.json.decode(body, type=Document)
    except UsageError as error:  # a training plan with values outside their range
        raise _broken(source, "trace.plan", str(error)) from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise CorruptModelError(f"the keramos content is damaged: {error}", file=source) from None
    except RecursionError:
        raise LimitExceededError(
            "the keramos content nests deeper than any that keramos writes", file=source
        ) from None
    if (fault := content_fault(document.content)) is not None:
        raise _broken(source, *fault)
    return document


def check_network(content: Content, network: Network, source: str) -> None:
    """Refuse content whose vocabularies are not those of the network beside it.

    Raises:
        CorruptModelError: a vocabulary differs; names the path and the layer.
    """
    if (fault := network_fault(content, network)) is not None:
        raise _broken(source, *fault)


def _check_version(version: int, source: str) -> None:
    if version < 1:
        raise CorruptModelError(
            "the keramos content has an unknown version; the first is 1",
            received=str(version),
            file=source,
        )
    if version > CONTENT_VERSION:
        raise UnsupportedModelError(
            f"the keramos content has a newer version than this keramos reads, {CONTENT_VERSION}",
            received=str(version),
            file=source,
            remedy="Upgrade keramos",
        )


def _check_keys(body: bytes, source: str, limits: Limits) -> None:
    """Refuse a repeated key, of which JSON readers take the first or the last.

    What keramos writes comes back byte for byte from a parser that keeps the last one; any other
    text takes the strict parser, which is several times slower.
    """
    if msgspec.json.encode(msgspec.json.decode(body)) != body:
        with located(file=source):
            parse_json(body, "keramos content", limits)


def _broken(source: str, path: str, what: str) -> CorruptModelError:
    return CorruptModelError(
        f"the keramos content contradicts itself: {path.rpartition('.')[2]} {what}. It was not "
        "written by keramos",
        file=source,
        path=f"content.{path}",
        remedy="Save the model again",
    )


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
            digest = sha256(f"{array.dtype.name}{array.shape}".encode() + array.tobytes())
            found.append(WeightDigest(f"{folder}/{name}", array.shape, array.dtype.name, digest))
    return tuple(found)


def seal_of(document: Document, network: Network, config: bytes) -> tuple[SealState, str]:
    """Whether content and network match the document's digests, and what changed if not."""
    if sha256(config) != document.config_sha256:
        return "broken", "the layers were changed after keramos wrote the file"
    now = {weight.name: weight for weight in weight_digests(network)}
    then = {weight.name: weight for weight in document.weights}
    changed = [name for name in then if name not in now or now[name] != then[name]]
    if changed or now.keys() != then.keys():
        names = ", ".join((changed or sorted(now.keys() - then.keys()))[:3])
        return "broken", f"weights were changed after keramos wrote the file: {names}"
    return "intact", ""
