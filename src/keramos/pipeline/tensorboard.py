"""The course of a training as event files of TensorBoard, written without it.

A file is a sequence of TFRecords (length, masked CRC-32C, data, masked CRC-32C), each an Event
(tensorflow/core/util/event.proto): 1 wall_time, 2 step, 3 file_version, 5 summary. A summary has
values (1) of a tag (1) and a number (2, simple_value).
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.artifact.tensor_bundle.crc32c import masked_crc32c
from keramos.compile.onnx.protobuf import integer, message, text, varint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.pipeline.training_run import Run
    from keramos.types.training import Epoch

_DOUBLE, _FLOAT = 1, 5


class TensorBoardLog:
    """Writes each epoch as it ends, then the held-out metrics; ``tensorboard --logdir`` shows both.

    Example:
        >>> run = keramos.train("credit.csv", "risk", recipe="tutorial", log="tensorboard:logs")
    """

    def __init__(self, folder: str | Path) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        now = time.time()
        name = f"events.out.tfevents.{int(now)}.keramos.{os.getpid()}.{time.monotonic_ns()}"
        self._path = Path(folder, name)
        self._append([_number(1, now), text(3, "brain.Event:2")])

    def epoch(self, epoch: Epoch) -> None:
        """Add the loss and the metric of an epoch, on training rows and on held-out rows."""
        values = {
            "loss/training": epoch.loss,
            "loss/held-out": epoch.held_out_loss,
            "metric/training": epoch.metric,
            "metric/held-out": epoch.held_out_metric,
        }
        self._add(epoch.number, values)

    def end(self, run: Run) -> None:
        """Add the metrics on held-out rows."""
        trace = run.content.trace
        step = len(trace.epochs) if trace else 0
        metrics = run.content.metrics or ()
        self._add(step, {f"held-out/{metric.name}": metric.value for metric in metrics})

    def _add(self, step: int, values: Mapping[str, float]) -> None:
        parts = [
            part
            for tag, value in values.items()
            for part in message(
                1, [text(1, tag), varint(2 << 3 | _FLOAT), struct.pack("<f", value)]
            )
        ]
        self._append([_number(1, time.time()), integer(2, step), *message(5, parts)])

    def _append(self, parts: list[bytes | memoryview]) -> None:
        data = b"".join(parts)
        size = struct.pack("<Q", len(data))
        with self._path.open("ab") as file:
            file.write(size + _checked(size) + data + _checked(data))


def _number(field: int, value: float) -> bytes:
    return varint(field << 3 | _DOUBLE) + struct.pack("<d", value)


def _checked(data: bytes) -> bytes:
    return struct.pack("<I", masked_crc32c(data))
