"""The page of layers: which classes run, with which options, from which generations, and which do
not and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.compile.gaps import GAPS
from keramos.compile.operations.table import KERAS, OPERATIONS
from keramos.keras_layers.registry import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keramos.keras_layers.spec import LayerSpec


_NUMBERS = {"tensorflow": "2", "standalone": "2"}


def _generations(spec: LayerSpec) -> str:
    since, until = _NUMBERS.get(spec.since, spec.since), _NUMBERS.get(spec.until, spec.until)
    return since if since == until else f"{since} to {until}"


def _rows() -> Iterator[str]:
    for name, spec in sorted(LAYERS.items()):
        options = ", ".join(sorted(spec.options)) or "none"
        silent = ", ".join(sorted(spec.ignored))
        calls = ", ".join(spec.calls)
        extra = "".join(
            (f"; call: {calls}" if calls else "", f"; no effect: {silent}" if silent else "")
        )
        yield f"| {name} | {_generations(spec)} | {options}{extra} |"


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

{count} classes run. Generations are those of Keras whose files may hold the class.

| class | Keras | options that matter |
|---|---|---|
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
