"""What Keras answers to a file: for golden rows and for ``verify --against-keras``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

import numpy as np

from keramos.errors import UsageError
from keramos.training.keras_engine.quiet import keras

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from keramos.types.prediction import Feeds


def keras_outputs(path: Path, feeds: Feeds) -> list[NDArray[np.generic]]:
    """Outputs of a file opened with ``keras.models.load_model(path)``, default arguments, no custom
    objects.

    ``feeds`` are arrays by input name; the outputs are in the order of ``model.outputs``.

    Raises:
        UsageError: the model takes strings, which only Keras' TensorFlow backend can.
    """
    # Keras warns that metrics are built later, which does not matter for prediction.
    logging.getLogger("absl").setLevel(logging.ERROR)
    model = keras.models.load_model(path)
    inputs = [_tensor(feeds[tensor.name]) for tensor in model.inputs]
    outputs = model(inputs[0] if len(inputs) == 1 else _structured(model, inputs), training=False)
    flat = keras.tree.flatten(outputs)
    return [np.asarray(keras.ops.convert_to_numpy(output)) for output in flat]


def _structured(model: keras.Model, inputs: list[object]) -> object:
    """Inputs in the structure of the model: a list, or a dict by name."""
    names = [tensor.name for tensor in model.inputs]
    structure = getattr(model, "_inputs_struct", None)
    return dict(zip(names, inputs, strict=True)) if isinstance(structure, dict) else inputs


def _tensor(array: NDArray[np.generic]) -> object:
    if array.dtype.kind not in "OUT":
        return cast("object", keras.ops.convert_to_tensor(array))
    if keras.backend.backend() != "tensorflow":
        raise UsageError(
            "this model takes strings, which Keras cannot compute on the "
            f"{keras.backend.backend()} backend",
            remedy="Set KERAS_BACKEND=tensorflow",
        )
    import tensorflow as tf  # noqa: PLC0415 (only this backend has strings)

    return cast("object", tf.constant(array.tolist()))


def versions() -> tuple[tuple[str, str], ...]:
    """Versions of Keras and its backend."""
    backend = keras.backend.backend()
    module = __import__(backend)
    return (("keras", keras.__version__), (backend, str(module.__version__)))
