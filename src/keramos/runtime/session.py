"""An ONNX model, ready to answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import numpy as np
import onnxruntime as ort

from keramos.errors import MismatchError
from keramos.runtime.stopping import run_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from keramos.types.network import Compiled, HostStep

_LARGE = 1 << 20
"""From this many bytes on, ONNX Runtime's layout optimisation repays its start-up cost
(docs/benchmarks.md).
"""

BYTES = "surrogateescape"
"""How bytes that are no text are written as text, in Python's word."""

_OF_BYTES = ("example_dense", "example_sparse")
"""Steps that take bytes."""

_SILENT = 4  # ONNX Runtime's log level FATAL: errors reach people as exceptions, once


def _options(size: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    # One thread: a small model ends before a second thread wakes up, and servers run many of them.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = (
        level.ORT_ENABLE_ALL if size >= _LARGE else level.ORT_ENABLE_BASIC
    )
    return options


def _session(onnx: bytes) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(onnx, _options(len(onnx)), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own classes, none of them public
        raise MismatchError(
            "the layers of the model do not fit together", received=_said(error)
        ) from error


class _Step:
    """One step outside ONNX, with the graph that computes its operands where they are not fed."""

    def __init__(self, step: HostStep) -> None:
        self.result = step.result
        self._step = step
        # Most models have no such step.
        from keramos.runtime.host import HOST  # noqa: PLC0415 (start-up time)

        self._function = HOST[step.kind](step.config)
        self._before = _session(step.before) if step.before else None
        self._computed = (
            [output.name for output in self._before.get_outputs()] if self._before else []
        )

    def run(
        self, feeds: Mapping[str, NDArray[np.generic]], shown: Mapping[str, NDArray[np.generic]]
    ) -> NDArray[np.generic]:
        """The step's result for what is fed and known so far; ``shown`` are inputs that ONNX
        Runtime takes in another form.
        """
        known = dict(feeds)
        if self._before is not None:
            fed = {name: shown.get(name, feeds[name]) for name in self._step.before_feeds}
            computed = self._before.run(self._computed, fed, run_options())
            known.update(zip(self._computed, computed, strict=True))
        return self._function(*(known[name] for name in self._step.operands))


class Session:
    """Runs one compiled model. Safe to share between threads."""

    def __init__(self, compiled: Compiled) -> None:
        self._session = _session(compiled.onnx)
        self._steps = [_Step(step) for step in compiled.steps]
        self._octets = {
            name for step in compiled.steps if step.kind in _OF_BYTES for name in step.operands
        }
        self._fetch = [*compiled.fetch_names, *(name for name, _ in compiled.runtime_checks)]
        self._check_messages = [message for _, message in compiled.runtime_checks]
        # Keras' names differ from ONNX' only where ONNX reserves a name.
        self._feeds = {
            spec.name: feed for spec, feed in zip(compiled.inputs, compiled.feed_names, strict=True)
        }
        self._direct = all(name == feed for name, feed in self._feeds.items())

    def run(self, feeds: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.generic]]:
        """Outputs in Keras' order for inputs by name; arrays must already have the model's dtypes.

        Raises:
            MismatchError: an array does not fit the model's input, or bytes are not UTF-8.
        """
        if not self._direct:
            feeds = {self._feeds[name]: array for name, array in feeds.items()}
        try:
            if self._steps:
                feeds = self._prepared(feeds)
            made = self._session.run(self._fetch, feeds, run_options())
            outputs = cast("list[NDArray[np.generic]]", made)
        except UnicodeEncodeError as error:
            raise MismatchError("text is needed", received=repr(error.object)[:80]) from None
        except Exception as error:  # onnxruntime raises its own classes, none of them public
            sizes = ", ".join(
                f"{name} {array.dtype} {array.shape}" for name, array in feeds.items()
            )
            raise MismatchError(
                f"the model cannot run on these inputs: {_said(error)}", received=sizes
            ) from error
        return self._checked(outputs) if self._check_messages else outputs

    def _checked(self, outputs: list[NDArray[np.generic]]) -> list[NDArray[np.generic]]:
        """The outputs of the model, if the inputs pass its runtime checks."""
        count = len(outputs) - len(self._check_messages)
        for holds, message in zip(outputs[count:], self._check_messages, strict=True):
            if not holds.all():
                raise MismatchError(message)
        return outputs[:count]

    def _prepared(self, feeds: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        """What the graph takes: the feeds and the results of the steps before it."""
        known = dict(feeds)
        shown = {name: _readable(feeds[name]) for name in self._octets & feeds.keys()}
        for step in self._steps:
            known[step.result] = step.run(known, shown)
        taken = {item.name for item in self._session.get_inputs()}
        return {name: shown.get(name, known[name]) for name in known if name in taken}


def _readable(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Bytes as text that ONNX Runtime takes, with marks in place of what is no text."""
    found = [str(one).encode(errors=BYTES).decode(errors="replace") for one in array.flat]
    return np.array(found, object).reshape(array.shape)


_LOADING = r"Node \((.*?)\) Op \((\w+)\) (?:\[\w+\] )*(.*)"
_RUNNING = r"running (\w+) node\. Name:'(.*?)' Status Message: (?:.* was false\. )?(.*)"
_CODES = r"\[ONNXRuntimeError\] : \d+ : \w+ : "


def _said(error: Exception) -> str:
    """What ONNX Runtime says and about which layer, whose name its nodes bear."""
    text = re.sub(_CODES, "", str(error).strip()).partition("\n")[0]
    if found := re.search(_LOADING, text):
        name, operator, why = found.groups()
    elif found := re.search(_RUNNING, text):
        operator, name, why = found.groups()
    else:
        return text[:300]
    return f"layer '{name.rpartition(':')[0]}' becomes {operator}, and {why[:300]}"


_NOT_NUMBERS = frozenset("mMcSUTV")
"""Kinds of numpy dtypes that numpy casts to numbers, though they are durations, dates, complex
numbers, text, bytes or records.
"""

_NOT_A_NUMBER = (str, bytes, bytearray, complex, np.complexfloating, np.datetime64, np.timedelta64)
"""The same in arrays of objects."""


def as_input(array: object, dtype: str) -> NDArray[np.generic]:
    """An array in the dtype of a model input; bytes for text are UTF-8.

    Raises:
        MismatchError: something given for text is neither text nor bytes, or something given for
            numbers is none: text, dates, durations and complex numbers are not.
    """
    if dtype != "str":
        return _numbers(array, dtype)
    given: NDArray[np.generic] = np.asarray(array, object)
    if not all(isinstance(item, str) for item in given.flat):
        given = np.array([_as_text(item) for item in given.flat], object).reshape(given.shape)
    return given


def _numbers(array: object, dtype: str) -> NDArray[np.generic]:
    try:
        given = np.asarray(array)
        if given.dtype.kind in _NOT_NUMBERS:
            raise MismatchError("numbers are needed", received=f"dtype {given.dtype}")
        if given.dtype.kind == "O":
            _check_objects(given)
        return given.astype(dtype, copy=False)
    except (TypeError, ValueError, OverflowError) as error:  # objects, or lists of several lengths
        raise MismatchError("numbers are needed", received=str(error)) from None


def _check_objects(given: NDArray[np.generic]) -> None:
    """Refuse what numpy would read as a number and Keras would not."""
    odd = next((item for item in given.flat if isinstance(item, _NOT_A_NUMBER)), None)
    if odd is not None:
        raise MismatchError("numbers are needed", received=repr(odd)[:80])


def _as_text(item: object) -> str:
    """ONNX Runtime would take anything, as Python spells it. Bytes that are no text travel as half
    characters: steps that take bytes have them again, and all else refuses them.
    """
    try:
        return item if isinstance(item, str) else cast("bytes", item).decode(errors=BYTES)
    except AttributeError:
        raise MismatchError("text is needed", received=repr(item)) from None
