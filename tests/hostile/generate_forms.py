"""Family of the other forms: little files of SavedModels, TensorFlow.js, TensorFlow Lite, archives
and weights that would make much out of little.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING, NamedTuple

from fuzz.form_targets import layers_model, saved_by_keras, sealed_table
from hostile.graph_def import HOSTILE, model, node
from hostile.honest import CORRUPT, LIMIT, NO_MODEL
from support.protobuf import field, number, parsed, written

if TYPE_CHECKING:
    from collections.abc import Callable

_ANY = (*NO_MODEL, *LIMIT, "MismatchError")
_SHARD = "variables/variables.data-00000-of-00001"
_INDEX = "variables/variables.index"
_BOMB = 1 << 24


class FormCase(NamedTuple):
    """Files of a folder, or the one file of that name; the errors that may refuse it; a pattern of
    what is named.
    """

    name: str
    expected: tuple[str, ...]
    files: Callable[[], dict[str, bytes]]
    names: str
    folder: bool = False


def manifest(**changes: object) -> dict[str, bytes]:
    """The honest model of TensorFlow.js with some of its manifest's group changed."""
    files = dict(layers_model())
    document = json.loads(files["model.json"])
    document["weightsManifest"][0] |= changes
    return {**files, "model.json": json.dumps(document).encode()}


def _shard_repeated() -> dict[str, bytes]:
    files = manifest(paths=["group1-shard1of1.bin"] * 100_000)
    return {**files, "group1-shard1of1.bin": bytes(1 << 20)}


def _many_paths() -> dict[str, bytes]:
    return manifest(paths=[f"{at}.bin" for at in range(100_000)])


def _many_weights() -> dict[str, bytes]:
    one = {"name": "w", "shape": [0], "dtype": "float32"}
    return manifest(weights=[{**one, "name": f"w{at}"} for at in range(60_000)])


def _splat_manifest() -> dict[str, bytes]:
    one = {"name": "w", "shape": [1 << 40], "dtype": "float32"}
    return manifest(weights=[one])


def _nested_json() -> dict[str, bytes]:
    deep = b'{"modelTopology": ' + b'{"a":[' * 50_000 + b"]}" * 50_000
    return {**layers_model(), "model.json": deep + b', "weightsManifest": []}'}


def saved(**parts: bytes) -> dict[str, bytes]:
    """The honest SavedModel of Keras with other parts: ``graph``, ``index``, ``shard``."""
    places = {"graph": "saved_model.pb", "index": _INDEX, "shard": _SHARD}
    return {**saved_by_keras(), **{places[name]: data for name, data in parts.items()}}


def _objects_graph(nodes: bytes) -> dict[str, bytes]:
    meta = next(value for at, value in parsed(saved_by_keras()["saved_model.pb"]) if at == 2)
    kept = [(at, value) for at, value in parsed(meta) if at != 7]
    files = saved(graph=field(1, 1) + field(2, written([*kept, (7, nodes)])))
    del files["keras_metadata.pb"]  # as TensorFlow 2.0 to 2.4: configs are in the objects
    return files


def _many_children() -> dict[str, bytes]:
    child = field(1, field(1, 1) + field(2, b"a"))
    return _objects_graph(field(1, child * 1_000_000) + field(1, b""))


def _many_objects() -> dict[str, bytes]:
    return _objects_graph(field(1, b"") * 1_000_000)


def _deep_metadata() -> dict[str, bytes]:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    user = field(1, b"_tf_keras_model") + field(3, deep)
    return _objects_graph(field(1, field(4, user)) + field(1, b""))


def _many_texts() -> dict[str, bytes]:
    """A constant of ten million empty texts."""
    sizes = field(2, field(2, field(1, 10_000_000)))
    tensor = field(8, field(1, 7) + sizes + b"\x42\0" * 10_000_000)
    value = field(5, field(1, b"value") + field(2, tensor))
    texts = field(1, b"texts") + field(2, b"Const") + value
    return {"saved_model.pb": model([texts, node("y", "Add", "x", "texts")], "y:0")}


def _many_inputs() -> dict[str, bytes]:
    wide = node("y", "AddN") + field(3, b"x") * 2_000_000
    return {"saved_model.pb": model([wide], "y:0")}


def _packed_index() -> dict[str, bytes]:
    """One block of snappy that claims 4 GiB."""
    return saved(index=sealed_table(number((1 << 32) - 1) + b"\xfc" + bytes(40), kind=1))


def _copying_index() -> dict[str, bytes]:
    """A block of snappy that repeats one byte 60 million times, as it claims."""
    copies = b"\xfe\x01\0" * 980_000
    return saved(index=sealed_table(number(64 * 980_000 + 1) + b"\0\0" + copies, kind=1))


def _entries(count: int) -> bytes:
    """A block of ``count`` keys of one tensor each, all in one shard."""
    header = field(1, 1)
    value = field(1, 1) + field(2, b"") + field(5, 4) + b"\x35" + bytes(4)
    made = [b"\0\0" + number(len(header)) + header]
    for at in range(count):
        key = b"%08d" % at
        made.append(b"\0\x08" + number(len(value)) + key + value)
    return b"".join(made) + bytes(4) + b"\x01\0\0\0"


def _many_entries() -> dict[str, bytes]:
    return saved(index=sealed_table(_entries(1_000_000)), shard=bytes(4))


def _million_shards() -> dict[str, bytes]:
    header = field(1, 1_000_000)
    block = b"\0\0" + number(len(header)) + header + bytes(4) + b"\x01\0\0\0"
    return saved(index=sealed_table(block))


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive, deflated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _zipped_bombs() -> dict[str, bytes]:
    return {"m.zip": zipped(saved(shard=bytes(_BOMB)))}


def _many_zipped_bombs() -> dict[str, bytes]:
    """Shards that each inflate to just less than what is free."""
    small = {f"variables/variables.data-{at:05}-of-00300": bytes(1 << 20) for at in range(300)}
    return {"m.zip": zipped({**saved_by_keras(), **small})}


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar archive of a model whose first members are given."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, data in members:
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for name, data in layers_model().items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _of_kind(kind: bytes, name: str = "x", **headers: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.pax_headers = kind, headers
    return entry


def _sparse_tar() -> dict[str, bytes]:
    """The old form of holes: a map in the header that claims a terabyte."""
    block = bytearray(_of_kind(tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"00000000000\x00" * 2
    block[483:495] = b"\x80" + (1 << 40).to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return {"m.tar": bytes(block) + tarred()}


def _sparse_map_tar() -> dict[str, bytes]:
    """The newer form of holes, whose map is in the data of the member."""
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1" * 12}
    pairs = b"1000000\n" + b"0\n" * 2_000_000
    return {"m.tar": tarred((_of_kind(tarfile.REGTYPE, **headers), pairs))}


def _headers_tar() -> dict[str, bytes]:
    """400,000 records of extended headers."""
    records = b"".join(b"15 k%07d=1\n" % at for at in range(400_000))
    return {"m.tar": tarred((_of_kind(tarfile.XGLTYPE), records))}


def _chain_tar(kind: bytes, data: bytes) -> dict[str, bytes]:
    """Headers that each describe the next one."""
    entry = _of_kind(kind)
    entry.size = len(data)
    one = entry.tobuf(tarfile.GNU_FORMAT) + data.ljust(512, b"\0")
    return {"m.tar": tarred() if not data else one * 20_000 + tarred()}


def _gzip_bomb() -> dict[str, bytes]:
    whole = tarred((_of_kind(tarfile.REGTYPE, "x.bin"), bytes(1 << 26)))
    return {"m.tar.gz": gzip.compress(whole, 1)}


def npy(shape: str, data: bytes, descr: str = "'<f4'", more: str = "") -> bytes:
    """One array of NumPy with any header."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, {more}}}".encode()
    return b"\x93NUMPY\x02\0" + struct.pack("<I", len(text)) + text + data


def _array_bomb() -> dict[str, bytes]:
    return {"w.npz": zipped({"a.npy": npy(f"({_BOMB // 4},)", bytes(_BOMB))})}


def _claimed_array() -> dict[str, bytes]:
    return {"w.npz": zipped({"a.npy": npy(f"({1 << 40},)", b"")})}


def _costly_headers() -> dict[str, bytes]:
    """Headers that each hold a long expression."""
    one = npy("(1,)", bytes(4), more=f"'x': ({'1,' * 30_000})")
    return {"w.npz": zipped({f"a{at}.npy": one for at in range(300)})}


def _deep_header(part: str) -> Callable[[], dict[str, bytes]]:
    return lambda: {"w.npz": zipped({"a.npy": npy("(1,)", bytes(4), more=f"'x': {part}")})}


def _long_header(text: bytes) -> dict[str, bytes]:
    return {"w.safetensors": len(text).to_bytes(8, "little") + text}


def _many_tensors() -> dict[str, bytes]:
    one = b'{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    parts = b",".join(b'"%d":%s' % (at, one) for at in range(200_000))
    return _long_header(b"{" + parts + b"}")


def lite(root: bytes) -> dict[str, bytes]:
    """A file of TensorFlow Lite whose root table begins at byte 8."""
    return {"m.tflite": struct.pack("<I", 8) + b"TFL3" + root}


def _lite_vector(count: int, items: bytes) -> bytes:
    """A root whose graphs (field 2) are a vector of ``count`` tables."""
    vtable = struct.pack("<5H", 10, 8, 0, 0, 4)
    table = struct.pack("<iI", -8, 4 + len(vtable) + 2)
    return table + vtable + b"\0\0" + struct.pack("<I", count) + items


def _lite_same_graph() -> dict[str, bytes]:
    """A vector of ten million graphs, all of them the root."""
    count = 1_000_000
    first = 8 + 8 + 12 + 4
    places = (struct.pack("<I", ((8 - first - 4 * at) & 0xFFFFFFFF)) for at in range(count))
    return lite(_lite_vector(count, b"".join(places)))


def _lite_vtable(distance: int, size: int) -> dict[str, bytes]:
    return lite(struct.pack("<i2H", distance, size, size) + bytes(64))


def graphs() -> list[FormCase]:
    """The graphs that ``graph_def`` has, each as a frozen SavedModel."""

    def files(name: str) -> Callable[[], dict[str, bytes]]:
        return lambda: {"saved_model.pb": model(*HOSTILE[name])}

    return [FormCase(name, _ANY, files(name), r"\S", folder=True) for name in HOSTILE]


def cases() -> list[FormCase]:
    """All of them."""
    deep_minus, deep_sum = "-" * 60_000 + "1", "1" + "+1j" * 20_000
    return [
        FormCase("a shard 100,000 times", _ANY, _shard_repeated, "twice", folder=True),
        FormCase("100,000 shards", _ANY, _many_paths, r"0\.bin", folder=True),
        FormCase("60,000 weights of nothing", _ANY, _many_weights, "objects", folder=True),
        FormCase("a weight of a terabyte", _ANY, _splat_manifest, "needs", folder=True),
        FormCase("a topology 100,000 deep", LIMIT, _nested_json, "json_depth", folder=True),
        FormCase("a million children", _ANY, _many_children, "objects|part", folder=True),
        FormCase("a million objects", LIMIT, _many_objects, "objects", folder=True),
        FormCase("metadata 100,000 deep", _ANY, _deep_metadata, "json_depth|deep", folder=True),
        FormCase("ten million texts", _ANY, _many_texts, "structure_bytes", folder=True),
        FormCase("two million inputs", _ANY, _many_inputs, "structure_bytes", folder=True),
        FormCase("a block that claims 4 GiB", LIMIT, _packed_index, "packed block", folder=True),
        FormCase("a block that repeats itself", _ANY, _copying_index, "table|block", folder=True),
        FormCase("a million tensors", LIMIT, _many_entries, "objects", folder=True),
        FormCase("a million shards", LIMIT, _million_shards, "shard", folder=True),
        FormCase("a zip of a bomb", LIMIT, _zipped_bombs, "variables"),
        FormCase("a zip of small bombs", LIMIT, _many_zipped_bombs, "archive"),
        FormCase("a tar with a hole", _ANY, _sparse_tar, "holes|damaged"),
        FormCase("a tar with a map of holes", _ANY, _sparse_map_tar, "holes|damaged"),
        FormCase("a tar of 400,000 headers", _ANY, _headers_tar, "header"),
        FormCase("a chain of headers", _ANY, lambda: _chain_tar(b"x", b"7 a=b1\n"), "header"),
        FormCase("a chain of long names", _ANY, lambda: _chain_tar(b"L", b"name"), "header"),
        FormCase("a gzip bomb", LIMIT, _gzip_bomb, "unpacks"),
        FormCase("an array that is a bomb", LIMIT, _array_bomb, "a.npy"),
        FormCase("an array of a terabyte", CORRUPT, _claimed_array, "needs"),
        FormCase("headers of long expressions", CORRUPT, _costly_headers, "header|array"),
        FormCase("a header of minus signs", CORRUPT, _deep_header(deep_minus), "header|array"),
        FormCase("a header of sums", CORRUPT, _deep_header(deep_sum), "header|array"),
        FormCase("a header of 100 MB", LIMIT, lambda: _long_header(b"{}" + b" " * 10**8), "config"),
        FormCase("200,000 empty tensors", _ANY, _many_tensors, "json_nodes|config"),
        FormCase("2 ** 31 graphs", CORRUPT, lambda: lite(_lite_vector(1 << 31, b"")), "outside"),
        FormCase("one graph a million times", _ANY, _lite_same_graph, "objects|outside"),
        FormCase("a vtable on its table", _ANY, lambda: _lite_vtable(0, 64), "TensorFlow Lite|out"),
        FormCase("a vtable before the file", _ANY, lambda: _lite_vtable(1 << 20, 8), "outside"),
        FormCase("a vtable of 64 kB", _ANY, lambda: _lite_vtable(-4, 65_535), "outside"),
    ]
