"""The opcodes of pickles: the step of the machine that each takes, and why others are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.companions.machine import Machine

STOP = ord(".")

_STEPS: dict[str, Callable[[Machine], None]] = {
    "N": lambda m: m.constant(None),
    "\x88": lambda m: m.constant(value=True),
    "\x89": lambda m: m.constant(value=False),
    "(": lambda m: m.mark(),
    "]": lambda m: m.container(list),
    "}": lambda m: m.container(dict),
    "\x8f": lambda m: m.container(set),
    ")": lambda m: m.tuple_of(0),
    "\x85": lambda m: m.tuple_of(1),
    "\x86": lambda m: m.tuple_of(2),
    "\x87": lambda m: m.tuple_of(3),
    "t": lambda m: m.tuple_of(-1),
    "l": lambda m: m.listed(),
    "d": lambda m: m.mapped(),
    "\x91": lambda m: m.frozen(),
    "J": lambda m: m.integer("<i"),
    "K": lambda m: m.integer("<B"),
    "M": lambda m: m.integer("<H"),
    "G": lambda m: m.integer(">d"),
    "\x8a": lambda m: m.long("<B"),
    "\x8b": lambda m: m.long("<I"),
    "I": lambda m: m.line_integer(),
    "L": lambda m: m.line_integer(),
    "F": lambda m: m.line_float(),
    "S": lambda m: m.line_string(),
    "V": lambda m: m.line_text(),
    "X": lambda m: m.text("<I"),
    "\x8c": lambda m: m.text("<B"),
    "\x8d": lambda m: m.text("<Q"),
    "T": lambda m: m.bytes_of("<I", text=True),
    "U": lambda m: m.bytes_of("<B", text=True),
    "B": lambda m: m.bytes_of("<I"),
    "C": lambda m: m.bytes_of("<B"),
    "\x8e": lambda m: m.bytes_of("<Q"),
    "\x96": lambda m: m.bytes_of("<Q"),
    "a": lambda m: m.append(many=False),
    "e": lambda m: m.append(many=True),
    "s": lambda m: m.set_items(many=False),
    "u": lambda m: m.set_items(many=True),
    "\x90": lambda m: m.add_items(),
    "c": lambda m: m.name(stacked=False),
    "\x93": lambda m: m.name(stacked=True),
    "R": lambda m: m.call(),
    "\x81": lambda m: m.make(keywords=False),
    "\x92": lambda m: m.make(keywords=True),
    "b": lambda m: m.build(),
    "0": lambda m: m.pop(),
    "1": lambda m: m.pop(marked=True),
    "2": lambda m: m.duplicate(),
    "\x94": lambda m: m.memoize(),
    "q": lambda m: m.numbered("<B", put=True),
    "r": lambda m: m.numbered("<I", put=True),
    "p": lambda m: m.line_numbered(put=True),
    "h": lambda m: m.numbered("<B", put=False),
    "j": lambda m: m.numbered("<I", put=False),
    "g": lambda m: m.line_numbered(put=False),
    "\x80": lambda m: m.skip(1),
    "\x95": lambda m: m.skip(8),
}
STEPS = {ord(code): step for code, step in _STEPS.items()}
"""Opcode -> step."""

REFUSED = {
    ord("P"): "the pickle refers to objects outside it",
    ord("Q"): "the pickle refers to objects outside it",
    ord("i"): "the pickle makes an object by a call (INST), which is never done",
    ord("o"): "the pickle makes an object by a call (OBJ), which is never done",
    0x82: "the pickle uses the extension registry",
    0x83: "the pickle uses the extension registry",
    0x84: "the pickle uses the extension registry",
    0x97: "the pickle has its buffers in another file",
    0x98: "the pickle has its buffers in another file",
}
"""Opcodes that are refused, and why."""
