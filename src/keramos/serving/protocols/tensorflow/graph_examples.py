"""Classify and regress by signatures of a graph, which take serialised ``tf.train.Example``.

Wire facts: ``tensorflow_serving/servables/tensorflow/classifier.cc``, ``regressor.cc`` and
``util/json_tensor.cc``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import RequestError
from keramos.serving.codecs.json_lenient import shown
from keramos.serving.codecs.json_tensors import octets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keramos.serving.core.protobuf import Message
    from keramos.serving.core.served import Served
    from keramos.types.prediction import Feeds
    from keramos.types.serving import Outputs

_CLASSES, _SCORES, _VALUES = "classes", "scores", "outputs"
_INT64 = range(-(2**63), 2**63)
_AXES = 2


def check_method(served: Served, method: str) -> None:
    """Refuse what is asked by another method.

    Raises:
        RequestError: it is, in TensorFlow Serving's words.
    """
    wanted = f"tensorflow/serving/{method}"
    if served.method != wanted:
        raise RequestError(
            f"Expected {method} signature method_name to be {wanted}. Was: {served.method}"
        )


def example_feeds(served: Served, examples: Sequence[bytes]) -> Feeds:
    """What the one input of a signature takes.

    Raises:
        RequestError: it has several inputs, or one that takes no bytes.
    """
    if len(served.model.inputs) != 1 or served.model.inputs[0].dtype != "str":
        raise RequestError("Expected one input Tensor of serialised examples")
    array = np.empty(len(examples), object)
    array[:] = examples
    return served.model.feeds({served.model.inputs[0].name: array})


def serialised(features: Mapping[str, object], where: str) -> bytes:
    """An example of JSON as ``tf.train.Example``.

    Raises:
        RequestError: a feature is neither a value nor a list of values of one kind.
    """
    # The classes of messages take 10 ms to make, and few models take serialised examples.
    from keramos.serving.protocols.tensorflow.messages import M  # noqa: PLC0415 (see above)

    example = M["Example"]()
    for name, value in features.items():
        values = value if isinstance(value, list) else [value]
        feature = example.features.feature[name]
        kind = _add(feature, values[0], where, name) if values else None
        for one in values[1:]:
            if _add(feature, one, where, name) != kind:
                raise RequestError(
                    f"{where}: Unexpected element type in feature: {name} expecting type: {kind}"
                )
    data: bytes = example.SerializeToString()
    return data


def _add(feature: Message, value: object, where: str, name: str) -> str:
    """Add one value to a feature; gives its kind."""
    data = value.encode() if isinstance(value, str) else octets(value)
    if data is not None:
        feature.bytes_list.value.append(data)
        return "string"
    if isinstance(value, float):
        feature.float_list.value.append(value)
        return "float"
    if isinstance(value, int) and value in _INT64:
        feature.int64_list.value.append(int(value))
        return "int64"
    raise RequestError(f"{where}: feature '{name}' holds {shown(value)}, which is no value")


def class_rows(served: Served, outputs: Outputs) -> list[list[tuple[str, np.float32]]]:
    """Label and score of every class, for each example; a label or a score that the signature does
    not give is empty, or 0.

    Raises:
        RequestError: the signature gives neither, or in other shapes.
    """
    named = _by_name(served, outputs)
    classes, scores = named.get(_CLASSES), named.get(_SCORES)
    shapes = {one.shape for one in (classes, scores) if one is not None}
    if len(shapes) != 1 or len(next(iter(shapes))) != _AXES:
        raise RequestError(
            f"the signature gives no '{_CLASSES}' and '{_SCORES}' of one shape [rows, classes]"
        )
    (shape,) = shapes
    labels = np.full(shape, "", object) if classes is None else classes
    numbers = np.zeros(shape, "f4") if scores is None else scores.astype("f4")
    return [
        list(zip(map(_text, row), marks, strict=True))
        for row, marks in zip(labels.tolist(), numbers, strict=True)
    ]


def _text(label: object) -> str:
    return label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label)


def values(served: Served, outputs: Outputs) -> NDArray[np.float32]:
    """One number for each example.

    Raises:
        RequestError: the signature gives no such tensor.
    """
    found = _by_name(served, outputs).get(_VALUES)
    if found is None or found.ndim not in (1, 2) or found.size != len(found):
        raise RequestError(f"the signature gives no '{_VALUES}' of shape [rows] or [rows, 1]")
    return found.reshape(-1).astype("f4")


def _by_name(served: Served, outputs: Outputs) -> dict[str, NDArray[np.generic]]:
    names = (spec.name for spec in served.model.outputs)
    return dict(zip(names, outputs, strict=True))
