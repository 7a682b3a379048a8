"""The text of ``index.py``: what must be known of classes before a record of one is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keramos.keras_layers import index
from keramos.keras_layers.registry import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from keramos.keras_layers.spec import LayerSpec

_HEAD = '''"""Names of Keras' classes, so that reading one record imports one family.

``make docs`` writes this file from the records.
"""
'''


def page() -> str:
    """The file, from the records of all families."""
    families = {family: records() for family, records in FAMILIES.items()}
    every = {kind: spec for records in families.values() for kind, spec in records.items()}
    return "\n".join(
        [
            _HEAD,
            "CLASSES = {",
            *(f"    {_quoted(name)}: {_row(records)}," for name, records in families.items()),
            "}",
            *_described("Family -> the classes that have records in it."),
            *_names("FORMER", (old for spec in every.values() for old in spec.former)),
            *_described("Names that classes had in older versions."),
            *_words("EXPORTED", {s.class_name: kind for kind, s in every.items() if s.class_name}),
            *_described("Name of a class in Python -> the name under which Keras exports it."),
            *_words("RELEASED_AS", {n: kind for kind, s in every.items() for n in s.released_as}),
            *_described("Names of classes in single releases of TensorFlow -> the class."),
            *_words("LISTS", {kind: s.inner_list for kind, s in every.items() if s.inner_list}),
            *_described("Class -> config key that holds a list of layers."),
            *_names("RECURRENT", _those(every, lambda s: "initial_state" in s.calls)),
            *_described("Classes whose calls may state the first state."),
            *_names("TEXTUAL", _those(every, lambda spec: spec.takes_text)),
            *_described("Classes that take text."),
            *_names("WITH_VOCABULARY", _those(every, lambda spec: bool(spec.vocabulary))),
            *_described("Classes that learn the words of a vocabulary from data."),
        ]
    )


def _those(every: Mapping[str, LayerSpec], test: Callable[[LayerSpec], bool]) -> Iterable[str]:
    return (kind for kind, spec in every.items() if test(spec))


def _row(names: Iterable[str]) -> str:
    """A tuple, one name a line: the formatter of the house leaves it as it is."""
    return "(\n" + "".join(f"        {_quoted(name)},\n" for name in sorted(names)) + "    )"


def _names(title: str, names: Iterable[str]) -> list[str]:
    lines = [f"        {_quoted(name)}," for name in sorted(set(names))]
    return [f"{title} = frozenset(", "    {", *lines, "    }", ")"]


def _words(title: str, words: Mapping[str, str]) -> list[str]:
    lines = [f"    {_quoted(key)}: {_quoted(words[key])}," for key in sorted(words)]
    return [f"{title} = {{", *lines, "}"]


def _described(text: str) -> list[str]:
    return [f'"""{text}"""', ""]


def _quoted(name: str) -> str:
    return f'"{name}"'


if __name__ == "__main__":
    Path(index.__file__).write_text(page(), encoding="utf-8")
