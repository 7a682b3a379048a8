"""Files without a schema: a form by shape, and inputs from what people typed or chose."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

import numpy as np

from keramos.drawing.words import counted, listed, shape
from keramos.errors import MismatchError, quoted
from keramos.types.operation_graph import GIVEN
from keramos.types.view import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.types.artifact import FileInfo
    from keramos.types.network import Network, TensorSpec
    from keramos.types.prediction import Feeds
    from keramos.types.stored import StoredTensor

_MADE: dict[str, Callable[[int, int], NDArray[np.float64]]] = {
    "random": lambda count, seed: np.random.default_rng(seed).random(count).round(3),
    "ramp": lambda count, _: np.linspace(0, 1, count),
    "ones": lambda count, _: np.ones(count),
    "zeros": lambda count, _: np.zeros(count),
}
PATTERNS = tuple(_MADE)
FREE_SIZE = 8
"""What a free axis becomes."""

_TYPED = 64  # up to so many values a field takes them as text
_MOST = 1 << 22  # values of one input; far above any image that people look at


def purpose(network: Network, every: Sequence[str], tensors: Sequence[StoredTensor] = ()) -> str:
    """What a file holds that says nothing of its purpose; ``every`` are its layers' classes."""
    if tensors and every:
        of = f"{counted(len(every), 'operator')} that keramos does not run"
        return f"A file of {of}: {listed(list(dict.fromkeys(every)), 8)}."
    if tensors or not every:
        return f"A file of {counted(len(tensors), 'array')} that is not a complete model."
    kinds = [kind for kind in every if kind != "InputLayer"]
    of, what = f"A Keras network of {counted(len(kinds), 'layer')}", list(kinds)
    graphs = [one.graph for one in network.layers.values() if one.graph is not None]
    if graphs:
        what = [node.op for graph in graphs for node in graph.every_node() if node.op not in GIVEN]
        of = f"A TensorFlow graph of {counted(len(what), 'operation')}"
    return f"{of}: {listed(list(dict.fromkeys(what)), 8)}." if what else f"{of}."


def written_by(info: FileInfo) -> str:
    """The program whose format a file has; what a graph is read from knows no Keras."""
    if info.by == "graph" and not info.keras_version and info.backend:
        return info.backend.replace("tensorflow", "TensorFlow", 1)
    return f"Keras {info.keras_version or '(no version)'}"


def fields(inputs: tuple[TensorSpec, ...]) -> tuple[Field, ...]:
    """One field an input: its values as JSON where they are few, else a pattern to choose."""
    return tuple(_field(spec) for spec in inputs)


def _sizes(spec: TensorSpec) -> tuple[int, ...]:
    return tuple(FREE_SIZE if size is None else size for size in spec.shape[1:])


def _field(spec: TensorSpec) -> Field:
    sizes = _sizes(spec)
    said = f"{spec.dtype}, {shape(spec.shape[1:])}"
    if np.prod(sizes) > _TYPED and spec.dtype != "str":
        return Field(spec.name, "choice", "random", choices=PATTERNS, hint=said)
    values = json.dumps(cells(pattern("random", spec)[0]), ensure_ascii=False)
    return Field(spec.name, "array", values, hint=f"{said}, as JSON")


def pattern(name: str, spec: TensorSpec) -> NDArray[np.generic]:
    """One row of an input from a named pattern. The input's name seeds random numbers, so the same
    form gives the same answer.

    Raises:
        MismatchError: the input is too large.
    """
    sizes = _sizes(spec)
    count = int(np.prod(sizes))
    if count > _MOST:
        raise MismatchError(
            f"the form takes up to {_MOST:,} values for an input",
            received=f"{count:,} values of input {quoted(spec.name)}",
        )
    if spec.dtype == "str":
        return np.full((1, *sizes), "text", object)
    values = _MADE.get(name, _MADE["random"])(count, zlib.crc32(spec.name.encode())).reshape(
        1, *sizes
    )
    return (values if spec.dtype.startswith("float") else values.round()).astype(spec.dtype)


def cells(array: NDArray[np.generic]) -> object:
    """An array as JSON values; of floats the shortest digits that give the same ones."""
    return array.astype(str).astype(float).tolist() if array.dtype.kind == "f" else array.tolist()


def arrays(texts: Mapping[str, str], inputs: tuple[TensorSpec, ...]) -> Feeds:
    """One row of model inputs from the texts of the form; an absent or empty text means random.

    Raises:
        MismatchError: a text is not JSON of the input's shape and dtype.
    """
    return {spec.name: _array(texts.get(spec.name, "").strip(), spec) for spec in inputs}


def _array(text: str, spec: TensorSpec) -> NDArray[np.generic]:
    if not text or text in PATTERNS:
        return pattern(text or "random", spec)
    try:
        values = np.asarray(json.loads(text), object if spec.dtype == "str" else spec.dtype)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise MismatchError(
            f"input {quoted(spec.name)} takes {spec.dtype} values as JSON",
            received=text[:60],
        ) from None
    wanted = spec.shape[1:]
    if values.ndim != len(wanted) or any(
        size not in (None, have) for size, have in zip(wanted, values.shape, strict=True)
    ):
        raise MismatchError(
            f"input {quoted(spec.name)} takes {shape(wanted)}",
            received=shape(values.shape),
        )
    return values[None]
