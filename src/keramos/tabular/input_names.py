"""Names of model inputs: the column's own, changed only where Keras refuses it."""

from __future__ import annotations


def free_input_name(name: str, taken: set[str]) -> str:
    """A name that Keras takes and that is not taken yet; it is added to ``taken``."""
    base = "".join(letter if letter.isprintable() and letter != "/" else "_" for letter in name)
    base = base if base.strip(". ") else f"column_{base.strip()}"
    free = next(
        n for n in (base, *(f"{base}_{i}" for i in range(1, len(taken) + 2))) if n not in taken
    )
    taken.add(free)
    return free
