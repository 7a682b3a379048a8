"""What is fuzzed: functions of bytes out of which nothing but ModelError may come."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from fuzz import form_targets, raw_targets
from fuzz.trees import build, changed
from hostile.generate_content import network
from keramos.artifact.content.document import decode
from keramos.artifact.hdf5 import Hdf5
from keramos.artifact.hdf5.image import Image
from keramos.artifact.limits import LIMITS
from keramos.artifact.read import read
from keramos.artifact.sources import ModelSource
from keramos.artifact.strict_json import parse_json
from keramos.companions.read import companion_of
from keramos.compile.emit import compile_network
from keramos.errors import KeramosError
from keramos.prepare.front import front
from keramos.prepare.rows import row_feeder
from keramos.runtime.decide import decide
from keramos.runtime.session import Session
from keramos.runtime.verify import check_fit, check_golden
from keramos.tabular.fitted.front import Front, Raw
from keramos.tabular.fitted.table import fitted_of, is_transform

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from fuzz.trees import Json
    from keramos.types.network import Compiled

SEEDS = Path(__file__).with_name("seeds")
_EMPTY = "empty.h5"


def hdf5(data: bytes) -> None:
    """Everything that an HDF5 file holds, by the reader's own names for it."""
    file = Hdf5(data, "f.h5", LIMITS)
    for name in ("model_config", "keras_version", "layer_names", "x"):
        _quietly(lambda name=name: file.attribute("", name))
    for name in file.names(""):
        _quietly(lambda name=name: file.text_list(name, "weight_names"))
        _quietly(lambda name=name: file.names(name))
    for path in file.datasets():
        _quietly(lambda path=path: file.array(path))


def unsealed(data: bytes) -> None:
    """The same without checksums: what lies behind them is reached by any change, as by somebody
    who mends them.
    """
    with mock.patch.object(Image, "check_seal", _accept):
        hdf5(data)


def _accept(_image: Image, _data: bytes, _at: int, _what: str) -> None:
    """Every checksum."""


def archive(data: bytes) -> None:
    """A ``.keras`` file as a whole."""
    read("m.keras", source_of=lambda path, _: ModelSource.of_file(path, data))


def companions(data: bytes) -> None:
    """A pickle or joblib file beside a model: read as data, and a transform in it laid out."""
    value = companion_of("scaler.pkl", data).value
    if not is_transform(value):
        return
    transform = fitted_of(value)
    size = min(transform.inputs or 4, 50)
    front = Front(tuple(f"c{place}" for place in range(size)))
    front.numbers(transform.layers(front, [Raw(place) for place in range(size)]))


def texts(data: bytes) -> None:
    """JSON."""
    parse_json(data, "config.json", LIMITS)


def dialects(data: bytes) -> None:
    """A config of any generation, beside a file of weights that has none."""
    held = {"m.json": data, _EMPTY: _NO_WEIGHTS}
    read(
        "m.json",
        weights=_EMPTY,
        source_of=lambda path, _: ModelSource.of_file(path, held[path]),
    )


def model(data: bytes) -> None:
    """A whole model, described as a tree: read, compiled, and opened by ONNX Runtime."""
    try:
        file = build(json.loads(data))
    except Exception:  # noqa: BLE001 (HDF5 has no words for this tree; only what can be a file is of interest)
        return
    whole(file)


def whole(file: bytes) -> None:
    """A model file from its bytes to a session."""
    artifact = read("m.h5", source_of=lambda path, _: ModelSource.of_file(path, file))
    Session(compile_network(artifact.network))


def _quietly(step: Callable[[], object]) -> None:
    """One of several steps: the others are taken whatever becomes of it."""
    try:
        step()
    except KeramosError:
        return


@cache
def _small() -> tuple[Compiled, Session]:
    compiled = compile_network(network())
    return compiled, Session(compiled)


def content(data: bytes) -> None:
    """What keramos stores beside a model, with its digest made good: parsed, proven and used."""
    found = decode(hashlib.sha256(data).hexdigest().encode() + b"\n" + data, "m.h5").content
    compiled, session = _small()
    check_fit(found, compiled)
    feeds = row_feeder(found.preparation)([{"a": 0.5, "b": 0.25}])
    if feeds is not None:
        decide(session.run(feeds)[0], found.rule)
    Session(compile_network(front(found.preparation)))
    check_golden(session, found, compiled.inputs)


_NO_WEIGHTS = build({"h5": {"attrs": {"": {"layer_names": ["none"]}}}})


def change_tree(seeds: list[Json], data: bytes, draw: random.Random) -> bytes:
    """A JSON text, changed while it stays one."""
    try:
        tree = json.loads(data)
    except ValueError:
        tree = draw.choice(seeds) if seeds else {}
    others = [draw.choice(seeds)] if seeds else []
    return json.dumps(changed(tree, draw, others)).encode()


@dataclass(frozen=True, slots=True)
class Target:
    """A function of bytes, the largest input that is made for it, and whether inputs are JSON
    trees or Protocol Buffers messages.
    """

    run: Callable[[bytes], None]
    size: int
    trees: bool = False
    messages: bool = False


_SEEDED = {"unsealed": "hdf5"}
"""Target -> the other whose seeds it begins with."""

TARGETS = {
    "hdf5": Target(hdf5, 16_384),
    "unsealed": Target(unsealed, 16_384),
    "archive": Target(archive, 16_384),
    "json": Target(texts, 4_096),
    "companions": Target(companions, 16_384),
    "dialects": Target(dialects, 65_536, trees=True),
    "model": Target(model, 65_536, trees=True),
    "content": Target(content, 65_536, trees=True),
    "graph": Target(form_targets.graph, 16_384, messages=True),
    "fields": Target(form_targets.fields, 16_384, messages=True),
    "manifest": Target(form_targets.manifest, 16_384, trees=True),
    "packed": Target(form_targets.packed, 16_384),
    "weights": Target(form_targets.weights, 16_384),
    "lite": Target(form_targets.lite, 16_384),
    "bundle": Target(form_targets.bundle, 4_096),
    "objects": Target(form_targets.objects, 8_192, messages=True),
    "labels": Target(raw_targets.labels, 4_096),
    "listed": Target(raw_targets.listed, 16_384, trees=True),
    "arrays": Target(raw_targets.arrays, 4_096),
    "recipes": Target(raw_targets.recipes, 4_096),
    "sources": Target(raw_targets.sources, 8_192),
    "pictures": Target(raw_targets.pictures, 8_192),
    "forms": Target(raw_targets.forms, 4_096),
}


def seeds_of(name: str) -> list[Path]:
    """The committed inputs to begin with."""
    return sorted((SEEDS / _SEEDED.get(name, name)).iterdir())
