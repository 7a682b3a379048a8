"""Configs as TensorFlow and TensorFlow.js write them -> configs as ``model.to_json()`` has them."""

from __future__ import annotations

import json

from keramos.keras_layers.index import WITH_VOCABULARY

_LISTS = frozenset({"__tuple__", "TensorShape"})


def plain_text(entry: dict[str, object]) -> bytes:
    """An architecture in JSON without objects that stand for tuples and shapes."""
    return json.dumps(plain(entry)).encode()


def plain(value: object) -> object:
    """JSON without the objects that stand for tuples and shapes, and without paths of
    vocabularies, whose words are elsewhere in the model.
    """
    if isinstance(value, list):
        return [plain(part) for part in value]
    if not isinstance(value, dict):
        return value
    kind = str(value.get("class_name"))  # a file may hold anything there
    if kind in _LISTS and isinstance(value.get("items"), list):
        return [plain(part) for part in value["items"]]
    found = {key: plain(part) for key, part in value.items()}
    config = found.get("config")
    if (
        kind in WITH_VOCABULARY
        and isinstance(config, dict)
        and isinstance(config.get("vocabulary"), str)
    ):
        found["config"] = {**config, "vocabulary": None}
    return found
