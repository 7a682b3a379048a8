"""What Keras 2 wrote beside the objects of a SavedModel: the configs of the model and its layers.

Before TensorFlow 2.5 the texts stand in the object graph itself, since then in
``keras_metadata.pb``. Source: keras/saving/saved_model of Keras 2.15, json_utils.py of TensorFlow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from keramos.artifact.containers.plain_config import plain
from keramos.artifact.protobuf import Budget, Message
from keramos.artifact.strict_json import parse_json
from keramos.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.artifact.containers.object_graph.meta_graph import SavedObject
    from keramos.artifact.limits import Limits

FILE = "keras_metadata.pb"
_NODE_ID, _METADATA = 2, 5
_RECORDED = ("keras_version", "backend")


class KerasMetadata(NamedTuple):
    """The model's config as ``model.to_json()`` has it, the training config as text, and the
    parsed text of a node.
    """

    config: bytes
    training: bytes | None
    node: Callable[[int], Mapping[str, object]]
    keras_version: str
    backend: str

    def name(self, node: int) -> str | None:
        """The name of the layer that a node is."""
        name = self.node(node).get("name")
        return name if isinstance(name, str) else None


def read_metadata(
    objects: Sequence[SavedObject], file: bytes | None, limits: Limits
) -> KerasMetadata | None:
    """The metadata of all nodes; None where the root has no config. ``file`` holds the bytes of
    ``keras_metadata.pb``, which is then all that counts.

    Raises:
        CorruptModelError: a text is not what Keras wrote, or two stand for one node.
        LimitExceededError: a text exceeds the limits of one config.
    """
    if file is not None:
        texts = _of_file(file, len(objects), limits)
        if 0 not in texts:
            raise CorruptModelError("the file has no config of the model itself", path=FILE)

    def node(at: int) -> Mapping[str, object]:
        text = objects[at].metadata() if file is None else texts.get(at)
        return parse_json(text.encode(), f"node {at}", limits) if text else {}

    root = node(0) if objects else {}
    if not isinstance(root.get("config"), dict):
        return None
    entry = {key: plain(root.get(key)) for key in ("class_name", "config", *_RECORDED)}
    training = root.get("training_config")
    return KerasMetadata(
        json.dumps(entry).encode(),
        json.dumps(plain(training)).encode() if isinstance(training, dict) else None,
        node,
        *(str(root.get(key) or "") for key in _RECORDED),
    )


def _of_file(data: bytes, total: int, limits: Limits) -> dict[int, str]:
    found: dict[int, str] = {}
    for node in Message(data, Budget(limits, FILE)).messages(1):
        number = node.number(_NODE_ID)
        if number in found or number >= total:
            raise CorruptModelError(
                f"a config is that of no object of {total:,}, or of one that has another",
                received=f"node {number:,}",
                path=FILE,
            )
        found[number] = node.text(_METADATA)
    return found
