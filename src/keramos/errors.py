"""Every exception that keramos raises on purpose.

    KeramosError                     the root: catch this one to catch them all
    ├── UsageError                   the call itself is wrong (options, arguments, names)
    │   └── MissingExtraError        a part of keramos that is installed separately is needed
    ├── DataError                    a table cannot be used
    │   └── RowError                 some rows of it cannot be used; lists them
    ├── ModelError                   a model file cannot be used
    │   ├── UnsafeModelError         it asks for code, for another file, or lies about its sizes
    │   │   └── ForeignCodeError     it holds code, so nothing here can run it; also an
        UnsupportedModelError │   ├── CorruptModelError        it is cut, damaged or contradicts
        itself │   ├── UnsupportedModelError    it is sound, but holds something keramos cannot run
        │   ├── LimitExceededError       it is larger, deeper or longer than the limits allow │
        ├── MismatchError            weights, shapes or golden rows do not fit together │   └──
        SignatureError           it is not signed with the key that is required ├── SaveError
        a file could not be written; the old one is untouched ├── StoreError                   a
        store cannot be read, or lacks a model, version or label ├── ClusterError                 a
        Ray cluster cannot be reached, or a node of it cannot do the work └── ServingError
        a server cannot answer a request ├── RequestError             the request is not what its
        protocol says ├── NotServedError           no such model, version or label is served here
        └── NotReadyError            it is known, but not ready to answer

Each message says what is wrong, where, what was received and what to do.
``code`` is stable: programs may rely on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


_QUOTED = re.compile(r"(?<![\w'])'([^'\n]*)'")
_READ, _SHOWN, _NAME = 20_000, 4_000, 80


def _shortened(found: re.Match[str]) -> str:
    return found[0] if len(found[1]) <= _NAME else f"'{found[1][: _NAME - 3]}...'"


class KeramosError(Exception):
    """Root of all errors that keramos raises on purpose."""

    code: ClassVar[str] = "KERAMOS"


class UsageError(KeramosError):
    """The call is wrong: an option, an argument or a name that does not exist."""

    code = "USAGE"


class MissingExtraError(UsageError):
    """Something outside the base install is needed; the message holds the install command."""

    code = "MISSING_EXTRA"


class DataError(KeramosError):
    """A table cannot be read or used."""

    code = "DATA"


@dataclass(frozen=True, slots=True)
class Problem:
    """One cell that breaks a rule.

    ``row`` counts data rows from 1 (the header of a file is not counted).
    ``value`` is what was received, shortened to at most 80 characters.
    """

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        """One line for people."""
        return f"row {self.row}, column '{self.column}': {self.reason}; received {self.value}"


class RowError(DataError):
    """Some rows cannot be used; ``problems`` names each with column, value and reason."""

    code = "ROW"

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        """Keep the message for people and the problems for programs."""
        super().__init__(message)
        self.problems = tuple(problems)


class ModelError(KeramosError):
    """A model file cannot be used.

    What the file itself says may stand in the message: it is shortened, and cannot steer a
    terminal.
    """

    code = "MODEL"

    def __init__(self, message: str) -> None:
        """Keep the message with names cut to 80 characters and control characters spelled out."""
        shown = "".join(
            c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in message[:_READ]
        )
        super().__init__(_QUOTED.sub(_shortened, shown)[:_SHOWN])


class UnsafeModelError(ModelError):
    """The file asks for something that is never done: run code, follow a link, read another
    file.
    """

    code = "UNSAFE_MODEL"


class CorruptModelError(ModelError):
    """The file is cut, damaged, or contradicts itself."""

    code = "CORRUPT_MODEL"


class UnsupportedModelError(ModelError):
    """The file is sound, but holds something that keramos cannot run; all such things are named at
    once.
    """

    code = "UNSUPPORTED_MODEL"


class ForeignCodeError(UnsafeModelError, UnsupportedModelError):
    """The file holds code of somebody else: a Lambda, a function of a module, a pickle. It is never
    run.

    Where a layer is code, ``replace=`` says what it computes.
    """

    code = "FOREIGN_CODE"


class LimitExceededError(ModelError):
    """Something in the file is larger, deeper or more numerous than the limits allow."""

    code = "LIMIT_EXCEEDED"


class MismatchError(ModelError):
    """Parts that must fit do not: weights and config, input and shape, golden rows and answers."""

    code = "MISMATCH"


class SignatureError(ModelError):
    """The file has no signature that holds for the key that is required; it was not read."""

    code = "SIGNATURE"


class SaveError(KeramosError):
    """A file could not be written completely; what was there before is untouched."""

    code = "SAVE"


class StoreError(KeramosError):
    """A store of models cannot be read, or has no such model, version or label."""

    code = "STORE"


class ClusterError(KeramosError):
    """A Ray cluster cannot be reached, or a node of it cannot do the work."""

    code = "CLUSTER"


class ServingError(KeramosError):
    """A server cannot answer a request."""

    code = "SERVING"


class RequestError(ServingError):
    """The request is not what its protocol says: the client must change it."""

    code = "REQUEST"


class NotServedError(ServingError):
    """No such model, version or label is served here."""

    code = "NOT_SERVED"


class NotReadyError(ServingError):
    """The model is known but not ready, or the server is about to stop; asking again later may
    help.
    """

    code = "NOT_READY"
