"""Check a layer's options against the record of its class, before its lowering sees them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.errors import CorruptModelError, UnsupportedModelError
from keramos.keras_layers.options import ALIKE

if TYPE_CHECKING:
    from collections.abc import Collection

    from keramos.keras_layers.spec import LayerSpec
    from keramos.types.network import Layer

_FLOAT = r"(mixed_)?(bfloat16|float16|float32|float64|float|double|half)|\w+(/-?\w+)*_from_\w+"
_ANY = r"u?int(8|16|32|64)|bool|string|str"


def check_options(layer: Layer, spec: LayerSpec) -> None:
    """Refuse options that do not have the type, size or word that the class needs.

    Raises:
        UnsupportedModelError: one does not; says which, what was received and what is needed.
        CorruptModelError: one is absent that has no default.
    """
    config = layer.config
    lacking = [name for name, option in spec.options.items() if option.default is ...]
    if lacking := sorted(set(lacking) - config.keys()):
        raise CorruptModelError(
            f"the config lacks {', '.join(lacking)}", layer=layer.name, layer_kind=layer.kind
        )
    for name, option in {**ALIKE, **spec.checked, **spec.options}.items():
        if name not in config:
            continue
        needed = option.fault(config[name])
        if needed is not None:
            hint = nearest(config[name], option.words) if option.words else ""
            raise _refused(layer, name, config[name], needed + hint)
    _check_dtype(layer, floats=spec.floats and not spec.any_dtype)


def _check_dtype(layer: Layer, *, floats: bool) -> None:
    dtype = layer.config.get("dtype")
    if dtype is None or (
        isinstance(dtype, str)
        and (re.fullmatch(_FLOAT, dtype) or (not floats and re.fullmatch(_ANY, dtype)))
    ):
        return
    needed = "a layer that computes needs a float type" if floats else "it is no type"
    raise _refused(layer, "dtype", dtype, needed)


def _refused(layer: Layer, option: str, value: object, needed: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"the value is not supported: {needed}",
        layer=layer.name,
        layer_kind=layer.kind,
        option=option,
        received=repr(value)[:80],
    )


def nearest(word: object, known: Collection[str]) -> str:
    """A hint at the most similar word, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 (some milliseconds, for a refusal only)

    similar = get_close_matches(str(word)[:80], known, 1)
    return f"; did the writer mean '{similar[0]}'?" if similar else ""
