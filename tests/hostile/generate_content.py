"""Family f: what keramos stores beside a model, rewritten by somebody who also renews its
digest.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from hostile.honest import Case
from keramos.artifact.write import write
from keramos.types.artifact import Content
from keramos.types.network import Call, Layer, Network, TensorRef
from keramos.types.schema import (
    ColumnPreparation,
    ColumnSchema,
    Histogram,
    Preparation,
    Schema,
    TargetPreparation,
    TargetSchema,
)
from keramos.types.training import (
    DecisionRule,
    Epoch,
    GoldenRows,
    HeldOut,
    Metric,
    Provenance,
    SampleRow,
    TrainingPlan,
    TrainingTrace,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Document = dict[str, object]

_DAMAGED = ("CorruptModelError", "MismatchError", "LimitExceededError")
_KERNEL, _BIAS = np.array([[0.5], [-0.25]], "f4"), np.array([0.125], "f4")
_ROWS = [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
_WHERE = "keramos/content"


def network() -> Network:
    source = Layer("features", "InputLayer", {"batch_shape": [None, 2], "dtype": "float32"})
    dense = Layer(
        "dense", "Dense", {"units": 1, "activation": "sigmoid", "use_bias": True}, (_KERNEL, _BIAS)
    )
    here, there = TensorRef("features"), TensorRef("dense")
    return Network(
        "net", {"features": source, "dense": dense}, (Call("dense", (here,)),), (here,), (there,)
    )


def content() -> Content:
    columns = tuple(ColumnSchema(name, "number", "all cells are numbers") for name in "ab")
    inputs = tuple(
        ColumnPreparation(
            n, n, "number", "refuse", maximum=1.0, histogram=Histogram((0.0, 1.0), (3,))
        )
        for n in "ab"
    )
    target = TargetSchema("y", "binary", "two values", (0, 1))
    answers = 1 / (1 + np.exp(-(np.array(_ROWS) @ _KERNEL + _BIAS)))
    return Content(
        schema=Schema(columns, target),
        preparation=Preparation(
            "minmax", matrix=True, inputs=inputs, target=TargetPreparation(), features=("a", "b")
        ),
        rule=DecisionRule("threshold", "the usual one", (0, 1)),
        trace=TrainingTrace(
            "binary_crossentropy",
            "accuracy",
            (Epoch(1, 0.7, 0.5, 0.7, 0.5, 0.1, "starts with a held-out loss of 0.7"),),
            TrainingPlan(recipe="tutorial"),
            3,
            0.0,
            "none",
        ),
        metrics=(Metric("accuracy", 0.5, 0.5, "higher"),),
        provenance=Provenance(
            "made by hand", "0" * 64, 3, 2, 1, "0" * 64, 0, (), "2026-01-01T00:00:00+00:00"
        ),
        sample=SampleRow((("a", "0"), ("b", "1")), (("a", 0.0), ("b", 1.0))),
        golden=GoldenRows((tuple(map(tuple, _ROWS)),), tuple(map(tuple, answers.tolist()))),
        held_out=HeldOut(3, (0.0, 1.0, 1.0), (0.25, 0.5, 0.75)),
    )


@cache
def _honest() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.h5")
        write(path, network(), content())
        return path.read_bytes()


def _rewritten(change: Callable[[Document], object]) -> bytes:
    """The file with its content changed, and the digest of the content renewed."""
    buffer = io.BytesIO(_honest())
    with h5py.File(buffer, "r+") as file:
        body = bytes(file[_WHERE][()]).partition(b"\n")[2]
        document = json.loads(body)
        changed = change(document)
        text = changed if isinstance(changed, bytes) else json.dumps(document).encode()
        del file[_WHERE]
        sealed = hashlib.sha256(text).hexdigest().encode() + b"\n" + text
        file[_WHERE] = np.frombuffer(sealed, "u1")
    return buffer.getvalue()


def _put(path: str, value: object) -> Callable[[Document], None]:
    """A change of one value; ``path`` has names and numbers with dots between."""

    def change(document: Document) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        here = document
        for step in steps:
            here = here[step]  # type: ignore[index,assignment]
        here[last] = copy.deepcopy(value)  # type: ignore[index]

    return change


VALUES: dict[str, list[object]] = {
    "content.version": ["one", 0.5, None, -(10**30)],
    "content.schema": [None, [], "schema", 7],
    "content.schema.columns": [[], "ab", [None], [{"name": "a"}], [["a"] * 3]],
    "content.schema.columns.0.name": [None, 7, "b", "y"],
    "content.schema.columns.0.kind": ["numbers", 3, None],
    "content.schema.target.task": ["ranking", None, "regression", "multiclass"],
    "content.schema.target.classes": [[], [0], [0, 0], [1, 0], [[0], [1]], "01"],
    "content.preparation.scaling": ["log", None],
    "content.preparation.matrix": [False, "yes", None],
    "content.preparation.inputs": [[], None, [{}]],
    "content.preparation.inputs.0.column": ["ghost", "b", None],
    "content.preparation.inputs.0.input": ["b", None, 3],
    "content.preparation.inputs.0.kind": ["number?", "string_category_"],
    "content.preparation.inputs.0.minimum": [2.0, "low", None],
    "content.preparation.inputs.0.deviation": [-1.0, "wide"],
    "content.preparation.inputs.0.categories": [["x", "x"], [None], "x"],
    "content.preparation.inputs.0.histogram.edges": [[1.0, 0.0], [0.0, 0.5, 1.0], ["a"]],
    "content.preparation.inputs.0.histogram.counts": [[-3], [1.5], [10**30]],
    "content.rule.kind": ["majority", "argmax", "value", None],
    "content.rule.labels": [[], [0], [1, 0], [0, 1, 2], ["no", "yes"], [None, None]],
    "content.rule.threshold": ["half", None, [0.5], 1e308, -0.5],
    "content.golden.inputs": [
        [],
        [[]],
        [[[0.0, 1.0]]],
        None,
        [[["a", "b"]] * 3],
        [[[0.0]] * 3],
        [[[[]]] * 3],
    ],
    "content.golden.outputs": [
        [],
        [[]],
        [[0.5]],
        [[], [], []],
        [["a"], ["b"], ["c"]],
        [[0.5], [0.5, 0.5], [0.5]],
    ],
    "content.golden.absolute": [1e30, -1.0, "any", 1.0],
    "content.golden.relative": [1e30, -1.0, None],
    "content.golden.reference": [None, "", "x" * 200, "a\nb"],
    "content.preparation.inputs.0.maximum": [1e308, -1.0],
    "content.preparation.inputs.0.histogram": [{"edges": [], "counts": []}],
    "content.preparation.target.counts": [[1], [1, -1], [1, 2, 3]],
    "content.trace.epochs": [[], None],
    "content.trace.epochs.0.number": [0, 2, None],
    "content.trace.epochs.0.loss": [1e308, None, "low"],
    "content.trace.plan.epochs": [0, -1],
    "content.metrics": [[], [{}]],
    "content.metrics.0.value": [1e308, None],
    "content.metrics.0.low": [0.1, 1e308],
    "content.sample.raw": [[], [["a", "0"]], [["b", "0"], ["a", "1"]], [["a", 0], ["b", 1]]],
    "content.sample.prepared": [[], [["a", 0.0], ["b", 1e308]]],
    "content.held_out.truths": [[], [0.0, 1.0], [0.0, 1.0, 2.0], [0.0, 1.0, 0.5]],
    "content.held_out.scores": [[], [0.25, 0.5, 1e308]],
    "content.held_out.chosen": [[0, 1, 1]],
    "content.held_out.rows": [2, -1],
    "content.provenance.training_rows": [-1, None],
    "weights": [None, 3, [{}], [], "none"],
    "config_sha256": [None, "0" * 64, 7],
}


def _texts() -> dict[str, Callable[[Document], object]]:
    def with_number(word: bytes) -> Callable[[Document], object]:
        return lambda document: (
            json.dumps(document).encode().replace(b'"threshold": 0.5', b'"threshold": ' + word)
        )

    return {
        "a threshold of NaN": with_number(b"NaN"),
        "a threshold of infinity": with_number(b"Infinity"),
        "a threshold of 1e999": with_number(b"1e999"),
        "a threshold of 100,000 digits": with_number(b"9" * 100_000),
        "no JSON": lambda _: b"{",
        "nothing": lambda _: b"",
        "a list": lambda _: b"[]",
        "bytes that are not UTF-8": lambda document: (
            json.dumps(document).encode().replace(b"usual", b"\xff\xfe")
        ),
        "brackets 100,000 deep": lambda _: b'{"content": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "brackets deep in an unknown key": lambda document: (
            b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b", " + json.dumps(document).encode()[1:]
        ),
        "a key twice": lambda document: (
            json.dumps(document)
            .encode()
            .replace(b'"threshold": 0.5', b'"threshold": 0.9, "threshold": 0.5')
        ),
        "thirty megabytes": lambda document: json.dumps(document).encode() + b" " * (30 << 20),
    }


def cases() -> list[Case]:
    """All of the family."""
    found = [Case("f nothing changed h5", ("open",), partial(_rewritten, lambda _: None))]
    for path, values in VALUES.items():
        for value in values:
            name = f"f {path} is {json.dumps(value)[:60]} h5"
            found.append(
                Case(
                    name,
                    _DAMAGED,
                    partial(_rewritten, _put(path, value)),
                    "content|golden|changed|rule",
                )
            )
    found += [
        Case(f"f {name} h5", _DAMAGED, partial(_rewritten, change), "")
        for name, change in _texts().items()
    ]
    return found
