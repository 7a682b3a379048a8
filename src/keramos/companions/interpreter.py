"""Pickles of protocols 0 to 5 as data: opcode by opcode, without running anything."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NoReturn

from keramos.companions.machine import Machine
from keramos.companions.opcodes import REFUSED, STEPS, STOP
from keramos.errors import CorruptModelError, UnsupportedModelError

if TYPE_CHECKING:
    from keramos.companions.machine import Arrays
    from keramos.companions.stream import Stream


def load(stream: Stream, work: int, arrays: Arrays | None = None) -> object:
    """The value of the pickle that begins here.

    Args:
        stream: the bytes; what follows the pickle is left.
        work: opcodes that may be taken, containers count eight times.
        arrays: gives what a wrapper of joblib stands for, from the bytes after it.

    Raises:
        ForeignCodeError: it names what is code.
        UnsupportedModelError: it has an opcode that is refused.
        CorruptModelError: it is cut or damaged.
        LimitExceededError: it takes more work than is allowed.
    """
    try:
        return _run(Machine(stream, work, arrays), stream)
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise CorruptModelError(f"the pickle is cut or damaged ({type(error).__name__})") from None


def _run(machine: Machine, stream: Stream) -> object:
    while True:
        code = stream.byte()
        if code == STOP:
            return machine.result()
        step = STEPS.get(code)
        if step is None:
            _refuse(code)
        machine.spend()
        step(machine)


def _refuse(code: int) -> NoReturn:
    raise UnsupportedModelError(
        REFUSED.get(code, "the pickle has an opcode that does not exist"),
        received=f"0x{code:02x}",
    )
