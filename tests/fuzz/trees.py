"""Model files as trees of JSON values: built into real files, and changed at random while they stay
well formed.

A tree has ``h5`` (``attrs`` by group, ``data`` by path) and, for a ``.keras`` archive, ``zip``
(JSON by entry name). An attribute that is an object is stored as JSON text; a dataset is {"t":
dtype, "s": shape} and may have ``c`` (chunk), ``f`` (filters) and ``l`` (it is a link: soft,
external).
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import TYPE_CHECKING, cast

import h5py
import numpy as np

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    Json = dict[str, object] | list[object] | str | int | float | bool | None
    Holder = dict[str, object] | list[object]
    Place = tuple[Holder, str | int]

_WRITTEN = 100_000
"""Datasets with more values are declared and left unwritten, so that a lying shape costs its
builder nothing.
"""

_STORED = ("config.json", "metadata.json")
NUMBERS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    8,
    64,
    255,
    10_000,
    2**31,
    2**53,
    2**62,
    10**19,
    0.5,
    -0.0,
    1e-9,
    1e30,
    1.5,
)
WORDS = (
    *(
        "",
        "relu",
        "same",
        "valid",
        "causal",
        "channels_first",
        "channels_last",
        "float16",
        "int8",
        "string",
        "../x",
    ),
    *(
        "/",
        "a/b",
        "\u0000",
        "é",
        "Dense",
        "InputLayer",
        "Lambda",
        "Sequential",
        "Functional",
        "Bidirectional",
        "tanh",
    ),
    *(
        "__lambda__",
        "keras>Dense",
        "os.system",
        "tf",
        "custom>X",
        "dense",
        "kernel:0",
        "NaN",
        "1",
        "mixed_float16",
    ),
)


def build(tree: dict[str, object]) -> bytes:
    """The file that a tree describes; raises what h5py raises for what HDF5 cannot say."""
    weights = _hdf5(cast("dict[str, dict[str, object]]", tree.get("h5", {})))
    entries = tree.get("zip")
    if not isinstance(entries, dict):
        return weights
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, value in entries.items():
            archive.writestr(name, value if isinstance(value, str) else json.dumps(value))
        archive.writestr("model.weights.h5", weights)
    return buffer.getvalue()


def _hdf5(tree: dict[str, dict[str, object]]) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for path, spec in tree.get("data", {}).items():
            _dataset(file, path, cast("dict[str, object]", spec))
        for path, values in tree.get("attrs", {}).items():
            group = file if path in {"", "/"} else file.require_group(path)
            for name, value in cast("dict[str, object]", values).items():
                group.attrs[name] = _attribute(value)
    return buffer.getvalue()


def _attribute(value: object) -> object:
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, list):
        return [item.encode() if isinstance(item, str) else item for item in value]
    return value


def _dataset(file: h5py.File, path: str, spec: dict[str, object]) -> None:
    link = spec.get("l")
    if link:
        file[path] = h5py.SoftLink("/x") if link == "soft" else h5py.ExternalLink("other.h5", "/x")
        return
    kind, shape = (
        np.dtype(cast("str", spec.get("t", "<f4"))),
        tuple(cast("list[int]", spec.get("s", []))),
    )
    filters = cast("list[str]", spec.get("f", []))
    data = file.create_dataset(
        path,
        shape,
        kind,
        chunks=tuple(cast("list[int]", spec["c"])) if spec.get("c") else None,
        compression="gzip" if "gzip" in filters else None,
        shuffle="shuffle" in filters or None,
        fletcher32="fletcher32" in filters or None,
    )
    if data.size is not None and data.size <= _WRITTEN and kind.kind in "fiub":
        numbers = np.random.default_rng(zlib.crc32(path.encode())).random(shape)
        data[...] = (numbers * cast("float", spec.get("v", 1))).astype(kind)


def describe(data: bytes, kept: Callable[[str], bool] = lambda _: True) -> dict[str, object]:
    """The tree of a file, its values left out: what ``build`` makes of it has the same
    structure.
    """
    tree: dict[str, object] = {}
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = {name: archive.read(name) for name in archive.namelist() if kept(name)}
        data = found.pop("model.weights.h5")
        tree["zip"] = {
            name: json.loads(text) if name in _STORED else text.decode()
            for name, text in found.items()
        }
    attrs: dict[str, object] = {}
    data_sets: dict[str, object] = {}
    with h5py.File(io.BytesIO(data)) as file:
        attrs[""] = {name: _plain(name, value) for name, value in file.attrs.items() if kept(name)}

        def visit(path: str, node: object) -> None:
            if isinstance(node, h5py.Dataset):
                data_sets[path] = {"t": node.dtype.str, "s": list(node.shape)}
            elif len(cast("h5py.Group", node).attrs):
                found = cast("h5py.Group", node).attrs.items()
                attrs[path] = {name: _plain(name, value) for name, value in found if kept(name)}

        file.visititems(visit)
    tree["h5"] = {"attrs": attrs, "data": data_sets}
    return tree


def _plain(name: str, value: object) -> object:
    if isinstance(value, np.ndarray):
        return [item.decode() if isinstance(item, bytes) else item for item in value.tolist()]
    if isinstance(value, bytes):
        value = value.decode()
    return json.loads(cast("str", value)) if name.endswith("_config") else value


def places(value: object) -> Iterator[Place]:
    """Every place below a value, as its holder and the key or index there."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict):
            for key, item in holder.items():
                yield holder, key
                waiting.append(item)
        elif isinstance(holder, list):
            for index, item in enumerate(holder):
                yield holder, index
                waiting.append(item)


def changed(tree: Json, draw: random.Random, others: list[Json]) -> Json:
    """A copy with one to four random changes; ``others`` are trees that parts are taken from."""
    box: list[object] = [json.loads(json.dumps(tree))]
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4))):
        holder, key = draw.choice(list(places(box)))
        draw.choice(_CHANGES)(holder, key, draw, [box, *others])
    return cast("Json", box[0])


def _get(holder: Holder, key: str | int) -> object:
    return cast("dict[str | int, object]", holder)[key]


def _set(holder: Holder, key: str | int, value: object) -> None:
    cast("dict[str | int, object]", holder)[key] = value


def _anything(draw: random.Random, trees: list[Json]) -> object:
    """A number, a word, an empty thing, or a part of some tree."""
    pick = draw.randrange(6)
    if pick == 0:
        return draw.choice(NUMBERS)
    if pick == 1:
        return draw.choice(WORDS)
    if pick == 2:
        return draw.choice((None, True, False, [], {}, [[]], [None]))
    holder, key = draw.choice(list(places(draw.choice(trees))) or [([None], 0)])
    return json.loads(json.dumps(_get(holder, key)))


def _replace(holder: Holder, key: str | int, draw: random.Random, trees: list[Json]) -> None:
    _set(holder, key, _anything(draw, trees))


def _same_key(holder: Holder, key: str | int, draw: random.Random, trees: list[Json]) -> None:
    """What another place with the same key holds: names, shapes and classes stay plausible."""
    found = [
        _get(other, name)
        for tree in trees
        for other, name in places(tree)
        if name == key and isinstance(key, str)
    ]
    if found:
        _set(holder, key, json.loads(json.dumps(draw.choice(found))))


def _delete(holder: Holder, key: str | int, _draw: random.Random, _trees: list[Json]) -> None:
    if holder and not (isinstance(holder, list) and len(holder) == 1):
        del cast("dict[str | int, object]", holder)[key]


def _add(holder: Holder, key: str | int, draw: random.Random, trees: list[Json]) -> None:
    value = _anything(draw, trees)
    if isinstance(holder, list):
        holder.insert(cast("int", key), value)
        return
    keys = [name for tree in trees for _, name in places(tree) if isinstance(name, str)]
    holder[draw.choice(keys or [""])] = value


def _twice(holder: Holder, key: str | int, draw: random.Random, _trees: list[Json]) -> None:
    copy = json.loads(json.dumps(_get(holder, key)))
    if isinstance(holder, list):
        holder.insert(draw.randrange(len(holder) + 1), copy)
    else:
        holder[f"{key}_{draw.randrange(3)}"] = copy


def _tweak(holder: Holder, key: str | int, draw: random.Random, _trees: list[Json]) -> None:
    value = _get(holder, key)
    if isinstance(value, bool) or value is None:
        _set(holder, key, not value)
    elif isinstance(value, int | float):
        _set(
            holder,
            key,
            draw.choice(
                (value + 1, value - 1, -value, value * 2, value * 1000, float(value), str(value))
            ),
        )
    elif isinstance(value, str):
        _set(
            holder,
            key,
            draw.choice(
                (value + "_1", value[:-1], value.upper(), value * 2, f"../{value}", value[::-1])
            ),
        )
    elif isinstance(value, list):
        _set(holder, key, draw.choice((value[::-1], value[1:], value * 2, [value])))


def _wrap(holder: Holder, key: str | int, draw: random.Random, _trees: list[Json]) -> None:
    value = _get(holder, key)
    if isinstance(value, list | dict) and len(value) == 1 and draw.random() < 0.5:
        _set(holder, key, value[0] if isinstance(value, list) else next(iter(value.values())))
    else:
        _set(
            holder,
            key,
            draw.choice(([value], {"class_name": value}, {"config": value}, [value, value])),
        )


_CHANGES = (
    _replace,
    _replace,
    _same_key,
    _same_key,
    _delete,
    _add,
    _twice,
    _tweak,
    _tweak,
    _tweak,
    _wrap,
)
