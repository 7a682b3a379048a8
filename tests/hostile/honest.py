"""Small honest model files as trees, for hostile ones to start from, and the case: a file and what
becomes of it.
"""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h5py

from fuzz.trees import build
from keramos.keras_layers.registry import spec_of

if TYPE_CHECKING:
    from collections.abc import Callable

MISMATCH = ("MismatchError", "CorruptModelError")
UNSAFE = ("UnsafeModelError", "CorruptModelError")
CODE = ("UnsafeModelError", "UnsupportedModelError")
CORRUPT = ("CorruptModelError",)
LIMIT = ("LimitExceededError",)
CONFIG = ("CorruptModelError", "MismatchError", "UnsupportedModelError")
TYPE = ("UnsupportedModelError", "MismatchError", "CorruptModelError")
BOUND = ("LimitExceededError", "MismatchError", "CorruptModelError")
NO_MODEL = ("CorruptModelError", "UnsupportedModelError", "UnsafeModelError")
EITHER = ("open",)


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile file: how its bytes are made, the errors that may refuse it or "open", a pattern of
    what is named.
    """

    name: str
    expected: tuple[str, ...]
    make: Callable[[], bytes]
    names: str = ""

    @property
    def suffix(self) -> str:
        """What its name should end in, whatever it is."""
        return ".keras" if "keras" in self.name.rpartition(" ")[2] else ".h5"


def dense(name: str = "dense", units: int = 3, **options: object) -> dict[str, object]:
    """A Dense layer of Keras 2.4 to 2.15."""
    config = {
        "name": name,
        "trainable": True,
        "dtype": "float32",
        "units": units,
        "activation": "relu",
        "use_bias": True,
    }
    return {"class_name": "Dense", "config": {**config, **options}}


def layer(kind: str, name: str, **options: object) -> dict[str, object]:
    """Any other layer, with all options that Keras writes of its class."""
    return {
        "class_name": kind,
        "config": {
            **_defaults(kind),
            "name": name,
            "trainable": True,
            "dtype": "float32",
            **options,
        },
    }


def _defaults(kind: str) -> dict[str, object]:
    spec = spec_of(kind)
    if spec is None:
        return {}
    known = {
        **{key: spec.checked[key] for key in spec.ignored if key in spec.checked},
        **spec.options,
    }
    stated = {key: one.default for key, one in known.items() if one.default is not ...}
    return {**dict.fromkeys(set(spec.ignored) - spec.checked.keys()), **stated}


def sequential(
    *layers: dict[str, object], shape: tuple[object, ...] = (None, 4), dtype: str = "float32"
) -> dict[str, object]:
    """A Sequential model with an input layer."""
    first = {
        "class_name": "InputLayer",
        "config": {"name": "x", "batch_input_shape": list(shape), "dtype": dtype},
    }
    return {"class_name": "Sequential", "config": {"name": "model", "layers": [first, *layers]}}


def functional(
    layers: list[dict[str, object]], inputs: list[object], outputs: list[object]
) -> dict[str, object]:
    """A Functional model; layers have their inbound_nodes."""
    listed = [{"name": part["config"]["name"], "inbound_nodes": [], **part} for part in layers]
    body = {"name": "model", "layers": listed, "input_layers": inputs, "output_layers": outputs}
    return {"class_name": "Functional", "config": body}


def called(part: dict[str, object], *sources: object) -> dict[str, object]:
    """A layer with one call; a source is a name or [name, call, output, kwargs]."""
    refs = [[source, 0, 0, {}] if isinstance(source, str) else source for source in sources]
    return {**part, "name": part["config"]["name"], "inbound_nodes": [refs]}


def source(name: str = "x", shape: tuple[object, ...] = (None, 4)) -> dict[str, object]:
    """An input layer."""
    config = {"name": name, "batch_input_shape": list(shape), "dtype": "float32"}
    return {"class_name": "InputLayer", "name": name, "config": config, "inbound_nodes": []}


WEIGHTS = {"dense": {"kernel:0": [4, 3], "bias:0": [3]}}


def h5_tree(
    config: object = None, weights: dict[str, dict[str, list[int]]] | None = None, **attrs: object
) -> dict[str, object]:
    """A whole-model file of Keras 2.15; ``attrs`` are attributes of the file."""
    weights = WEIGHTS if weights is None else weights
    groups = {
        name: {"weight_names": [f"{name}/{weight}" for weight in parts]}
        for name, parts in weights.items()
    }
    whole = {
        "keras_version": "2.15.0",
        "backend": "tensorflow",
        "model_config": config or sequential(dense()),
    }
    return {
        "h5": {
            "attrs": {
                "": {**whole, **attrs},
                "model_weights": {
                    "layer_names": list(weights),
                    "keras_version": "2.15.0",
                    "backend": "tensorflow",
                },
                **{f"model_weights/{name}": found for name, found in groups.items()},
            },
            "data": {
                f"model_weights/{name}/{name}/{weight}": {"t": "<f4", "s": shape}
                for name, parts in weights.items()
                for weight, shape in parts.items()
            },
        }
    }


def h5(
    config: object = None, weights: dict[str, dict[str, list[int]]] | None = None, **attrs: object
) -> bytes:
    """Such a file."""
    return build(h5_tree(config, weights, **attrs))


def keras_config(config: dict[str, object]) -> dict[str, object]:
    """The same config in the words of Keras 3 archives."""
    text = copy.deepcopy(config)
    for part in text["config"]["layers"]:
        if part["class_name"] == "InputLayer":
            part["config"]["batch_shape"] = part["config"].pop("batch_input_shape")
        part.setdefault("module", "keras.layers")
        part.setdefault("registered_name", None)
    return {"module": "keras", "registered_name": text["class_name"], **text}


def archive_tree(
    config: object = None, weights: dict[str, list[list[int]]] | None = None, **entries: object
) -> dict[str, object]:
    """A .keras file of Keras 3.9; ``weights`` by folder."""
    weights = {"layers/dense": [[4, 3], [3]]} if weights is None else weights
    metadata = {"keras_version": "3.9.0", "date_saved": "2026-01-01@00:00:00"}
    data = {
        f"{folder}/vars/{place}": {"t": "<f4", "s": shape}
        for folder, shapes in weights.items()
        for place, shape in enumerate(shapes)
    }
    parts = {
        "config.json": config or keras_config(sequential(dense())),
        "metadata.json": metadata,
        **entries,
    }
    return {"zip": parts, "h5": {"attrs": {}, "data": data}}


def archive(
    config: object = None, weights: dict[str, list[list[int]]] | None = None, **entries: object
) -> bytes:
    """Such a file."""
    return build(archive_tree(config, weights, **entries))


def edited(data: bytes, change: Callable[[h5py.File], object], **options: object) -> bytes:
    """An HDF5 file after a change by h5py."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+", **options) as file:
        change(file)
    return buffer.getvalue()
