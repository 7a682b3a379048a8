"""The page of layers: which classes run, with which options, from which generations, and which do
not and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.gaps import GAPS
from keramos.compile.operations.table import KERAS, OPERATIONS
from keramos.keras_layers.registry import LAYERS
from keramos.report.written_layers import written_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.keras_layers.spec import LayerSpec


_FORMS = ("keras", "h5", "onnx", "saved_model", "tfjs", "tflite")
_NUMBERS = {"tensorflow": "2", "standalone": "2"}


def _generations(spec: LayerSpec) -> str:
    since, until = _NUMBERS.get(spec.since, spec.since), _NUMBERS.get(spec.until, spec.until)
    return since if since == until else f"{since} to {until}"


def _rows() -> Iterator[str]:
    written = written_layers()
    for name, spec in sorted(LAYERS.items()):
        options = ", ".join(sorted(spec.options)) or "none"
        silent = ", ".join(sorted(spec.ignored))
        calls = ", ".join(spec.calls)
        extra = "".join(
            (f"; call: {calls}" if calls else "", f"; no effect: {silent}" if silent else "")
        )
        forms = _forms(written.get(name))
        yield f"| {name} | {_generations(spec)} | {options}{extra} | {forms} |"


def _forms(found: frozenset[str] | None) -> str:
    """Words of forms, in the order of the introduction."""
    if found is None:
        return ""
    return "all" if found >= set(_FORMS) else ", ".join(one for one in _FORMS if one in found)


def _gaps(when: str) -> Iterator[str]:
    for name, gap in sorted(GAPS.items()):
        if gap.when == when:
            yield f"| {name} | {gap.reason} |"


def _names(names: Mapping[str, object], prefix: str = "") -> str:
    found = sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))
    return ", ".join(found)


_INTRODUCTION = """# Layers

Written by `make docs` from the tables that run them. A value of an option that is not supported is
refused by name, never passed over; a key that is not listed is too, unless only training reads it.

{count} classes run. Generations are those of Keras whose files may hold the class. The last column
has the [forms](forms.md#written-forms) in which `keramos convert` writes a model of it, with the
options that the class needs, and in which it answers the same; it is empty for classes that no
current Keras makes by themselves.

| class | Keras | options that matter | written as |
|---|---|---|---|
"""
_AFTER = """
With quantised weights: {modes}.

All answers are computed in float32: files that compute in half precision lose no digits here, files
that compute in double precision agree to float32. A stateful layer begins with zeros in every call.
Layers that draw at random do nothing when predicting.
"""
_GAP_TABLE = "\n## {title}\n\n| class | reason |\n|---|---|\n"
_OTHERS = "| any other class | its code is not in the file; see [Replacing layers](replace.md) |"


def _listed(title: str, names: Mapping[str, object], prefix: str = "") -> str:
    return f"\n## {title} ({len(names)})\n\n{_names(names, prefix)}.\n"


def page() -> str:
    """The page as Markdown."""
    tensorflow = {
        n: row
        for n, row in OPERATIONS.items()
        if not n.startswith(("ops.", "tf.op.", "tf.compat."))
    }
    graph = {name: row for name, row in OPERATIONS.items() if name.startswith("tf.op.")}
    quantized = sorted((kind, mode) for kind, spec in LAYERS.items() for mode in spec.quantized)
    modes = ", ".join(f"{kind} {mode}" for kind, mode in quantized)
    tables = [
        _INTRODUCTION.format(count=len(LAYERS)) + "\n".join(_rows()) + "\n",
        _AFTER.format(modes=modes),
        _GAP_TABLE.format(title="Not yet") + "\n".join(_gaps("notyet")) + "\n",
        _GAP_TABLE.format(title="Never") + "\n".join([*_gaps("never"), _OTHERS]) + "\n",
        _listed("Functions of keras.ops", KERAS),
        _listed("TensorFlow functions in files of Keras 2", tensorflow, "tf."),
        _listed("TensorFlow graph nodes", graph, "tf.op."),
    ]
    return "".join(tables)
