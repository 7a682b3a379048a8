"""Rows for vocabularies and for steps that ONNX has no operator for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.compile.recorded import HOST
from keramos.compile.saved_model.graph_def import Type
from keramos.types.attributes import integers, items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.compile.keras_writer import Node
    from keramos.compile.saved_model.graph_def import Edge
    from keramos.compile.saved_model.writer import Row, Writer

_KINDS = {"strings": "str", "int64s": "int64"}


def _column(n: Node, what: str) -> tuple[str, list[object]]:
    for word, dtype in _KINDS.items():
        found = n.attributes.get(f"{what}_{word}")
        if found is not None:
            return dtype, items(found, f"{what}_{word}")
    raise n.refused("of other keys and values than texts and whole numbers")


def _array(dtype: str, values: Sequence[object]) -> np.ndarray:
    return np.array(values, object if dtype == "str" else dtype)


def _label_encoder(w: Writer, n: Node) -> Edge:
    """A table that is filled before the first run."""
    (key_type, keys), (value_type, values) = _column(n, "keys"), _column(n, "values")
    word = "string" if value_type == "str" else "int64"
    default = _array(value_type, [n.attributes[f"default_{word}"]]).reshape(())
    name = f"table_{len(w.initialisers)}"
    types = {"key_dtype": Type(key_type), "value_dtype": Type(value_type)}
    shared = {"container": "", "shared_name": name, "use_node_name_sharing": False}
    (table,) = w.g.ops("HashTableV2", (), ["resource"], {**types, **shared}, name)
    tables = {"Tin": Type(key_type), "Tout": Type(value_type)}
    columns = (w.g.const(_array(key_type, keys)), w.g.const(_array(value_type, values)))
    filled = w.g.ops("LookupTableImportV2", (table, *columns), ["bool"], tables)
    w.initialisers.append(filled[0].node)
    inputs = (table, w.input(n, 0), w.g.const(default))
    return w.g.op("LookupTableFindV2", *inputs, dtype=value_type, **tables)


def _hash(w: Writer, n: Node) -> Edge:
    x, bins, salt = w.input(n, 0), n.number("bins"), n.attributes.get("salt")
    x = x if x.dtype == "str" else w.g.op("AsString", x, dtype="str", T=Type(x.dtype))
    if salt is None:
        return w.g.op("StringToHashBucketFast", x, dtype="int64", num_buckets=bins)
    key = integers(salt, "salt")
    return w.g.op("StringToHashBucketStrong", x, dtype="int64", num_buckets=bins, key=key)


LOOKUPS: dict[str, Row] = {"LabelEncoder": _label_encoder, f"{HOST}hash": _hash}
