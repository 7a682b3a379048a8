"""Every exception that keramos raises on purpose, and the one place where their text is made.

    KeramosError                     the root: catch this one to catch them all
    ├── UsageError                   the call itself is wrong (options, arguments, names)
    │   └── MissingExtraError        a part of keramos that is installed separately is needed
    ├── DataError                    a table cannot be used
    │   └── RowError                 some rows of it cannot be used; lists them
    ├── ModelError                   a model file cannot be used
    │   ├── UnsafeModelError         it asks for code, for another file, or lies about its sizes
    │   │   └── ForeignCodeError     it holds code; also an UnsupportedModelError
    │   ├── CorruptModelError        it is cut, damaged or contradicts itself
    │   ├── UnsupportedModelError    it is sound, but holds something keramos cannot run
    │   ├── LimitExceededError       it is larger, deeper or longer than the limits allow
    │   ├── MismatchError            weights, shapes or golden rows do not fit together
    │   └── SignatureError           it is not signed with the key that is required
    ├── SaveError                    a file could not be written; the old one is untouched
    ├── StoreError                   a store cannot be read, or lacks a model, version or label
    ├── ClusterError                 a Ray cluster cannot be reached, or a node cannot do the work
    └── ServingError                 a server cannot answer a request
        ├── RequestError             the request is not what its protocol says
        ├── NotServedError           no such model, version or label is served here
        └── NotReadyError            it is known, but not ready to answer

An error is data. ``code`` is stable: programs may rely on it. The fields hold names as they are;
only the text shortens them and spells out control characters.

=============  ====================================================================================
``what``       what is wrong: one clause without a full stop that also reads after "where: "
``where``      a ``Location``: file, path inside it, layer, layer_kind, option, row, column
``received``   the value or the size that was found, as text for people (``repr`` of other values)
``remedy``     what to do: one sentence in the imperative, without a full stop
``problems``   the single faults where there are several: cells of a table, layers of a model
=============  ====================================================================================

The text is ``file: path, layer 'x' (Dense), option 'units': what; received r. Remedy``.
The place that finds a fault says what it knows::

    raise UnsupportedModelError(
        "the padding is not supported; valid and same are", option="padding", received=repr(value)
    )

An outer caller adds what it knows to the same exception; several faults are listed as data::

    with located(layer=layer.name, layer_kind=layer.kind):
        build(layer)
    raise UnsupportedModelError(f"{len(found)} layers cannot run", problems=found)

``quoted(name)`` writes a name in ``what``. Code reads class, ``code`` or fields, never the text.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self, TypedDict, Unpack

    class Where(TypedDict, total=False):
        """The fields of a ``Location`` as keywords."""

        file: str | None
        path: str | None
        layer: str | None
        layer_kind: str | None
        option: str | None
        row: int | None
        column: str | None


_FILE, _PATH, _NAME = 4_096, 160, 80
_WHAT, _RECEIVED, _REPR, _REMEDY, _LINE = 2_000, 240, 400, 1_000, 400
_RECORDED = 4_096
"""Longest texts, in characters: of fields in the text of an error, of any field in a record."""
_LISTED = 20
"""Problems that the text of an error lists."""


class Location(Frozen, frozen=True):
    """Where a fault is: as much as is known of it.

    ``path`` is the place inside the file, ``layer_kind`` the Keras class of the layer, ``row``
    counts data rows from 1.
    """

    file: str | None = None
    path: str | None = None
    layer: str | None = None
    layer_kind: str | None = None
    option: str | None = None
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """The place for people; empty where nothing is known."""
        inside = ", ".join(self._inside())
        file = "" if self.file is None else shown(self.file, _FILE)
        return f"{file}: {inside}" if file and inside else file or inside

    def _inside(self) -> Iterator[str]:
        if self.path is not None:
            yield shown(self.path, _PATH)
        kind = None if self.layer_kind is None else shown(self.layer_kind)
        if self.layer is not None:
            yield f"layer {quoted(self.layer)}" + ("" if kind is None else f" ({kind})")
        elif kind is not None:
            yield f"a layer of class {kind}"
        if self.option is not None:
            yield f"option {quoted(self.option)}"
        if self.row is not None:
            yield f"row {self.row}"
        if self.column is not None:
            yield f"column {quoted(self.column)}"

    def filled(self, **where: Unpack[Where]) -> Location:
        """This place with its empty fields filled.

        Fields that belong to another file or to another layer than the known one are left out.
        """
        taken = dict(where)
        for owner, fields in _OWNED:
            known, given = getattr(self, owner), taken.get(owner)
            if known is not None and given not in (None, known):
                taken = {name: value for name, value in taken.items() if name not in fields}
        new = {name: value for name, value in taken.items() if getattr(self, name) is None}
        return replace(self, **new) if new else self

    def record(self) -> dict[str, object]:
        """The known fields, for JSON."""
        found = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: _recorded(value) for name, value in found.items() if value is not None}


_OWNED = (("file", ("path", "row", "column")), ("layer", ("layer_kind", "option")))


class Problem(Frozen, frozen=True):
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
        place = f"row {self.row}, column {quoted(self.column)}"
        return f"{place}: {self.reason}; received {shown(self.value)}"

    def record(self) -> dict[str, object]:
        """The fields, for JSON."""
        return {"row": self.row, "column": self.column, "reason": self.reason, "value": self.value}


class LayerProblem(Frozen, frozen=True):
    """One layer that cannot be used, and why; ``option`` where a single option is the reason."""

    layer: str
    layer_kind: str
    reason: str
    option: str | None = None
    received: str | None = None

    def __str__(self) -> str:
        """One line for people."""
        where = Location(layer=self.layer, layer_kind=self.layer_kind, option=self.option)
        found = "" if self.received is None else f"; received {shown(self.received, _RECEIVED)}"
        return f"{where}: {shown(self.reason, _LINE)}{found}"

    def record(self) -> dict[str, object]:
        """The fields, for JSON."""
        return {name: _recorded(getattr(self, name)) for name in self.__struct_fields__}


class KeramosError(Exception):
    """Root of all errors that keramos raises on purpose.

    ``received`` is text, or any other value, which is kept as its ``repr``.
    """

    code: ClassVar[str] = "KERAMOS"

    what: str
    where: Location
    received: str | None
    remedy: str | None
    problems: tuple[Problem | LayerProblem, ...]

    def __init__(
        self,
        what: str,
        *,
        received: object = None,
        remedy: str | None = None,
        problems: Sequence[Problem | LayerProblem] = (),
        **where: Unpack[Where],
    ) -> None:
        """Keep the fields; a pickle keeps them too."""
        super().__init__(what)
        self.what = what
        self.where = Location(**where)
        known = received is None or isinstance(received, str)
        self.received = received if known else repr(received)[:_REPR]  # type: ignore[assignment]
        self.remedy = remedy
        self.problems = tuple(problems)

    def at(self, *, remedy: str | None = None, **where: Unpack[Where]) -> Self:
        """This error, with the fields filled that were empty; known fields stay."""
        self.where = self.where.filled(**where)
        self.remedy = self.remedy or remedy
        return self

    def __str__(self) -> str:
        """The one text of an error: where, what, what was received, what to do."""
        where = str(self.where)
        said = f"{where}: {shown(self.what, _WHAT)}" if where else shown(self.what, _WHAT)
        if self.received is not None:
            said += f"; received {shown(self.received, _RECEIVED)}"
        if self.problems:
            lines = [f"  {shown(str(one), _LINE)}" for one in self.problems[:_LISTED]]
            more = len(self.problems) - len(lines)
            said += ":\n" + "\n".join([*lines, *([f"  ... and {more} more"] if more else [])])
        if self.remedy:
            said += ("\n" if self.problems else ". ") + shown(self.remedy, _REMEDY)
        return said

    def record(self) -> dict[str, object]:
        """The fields and the text, for JSON."""
        return {
            "code": self.code,
            "what": _recorded(self.what),
            "where": self.where.record(),
            "received": _recorded(self.received),
            "remedy": _recorded(self.remedy),
            "problems": [one.record() for one in self.problems],
            "message": str(self),
        }


@contextmanager
def located(**where: Unpack[Where]) -> Iterator[None]:
    """Errors from inside are told where they arose: ``KeramosError.at`` for a block of code."""
    try:
        yield
    except KeramosError as error:
        error.at(**where)
        raise


def shown(text: str, most: int = _NAME) -> str:
    """Text for a message: one line of printable characters, at most ``most`` of them."""
    kept = escaped(text[: most + 1])
    return kept if len(kept) <= most else f"{kept[: most - 3]}..."


def escaped(text: str) -> str:
    """Text as one line of printable characters."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def quoted(name: str) -> str:
    """A name for a message: in quotes, printable, at most 80 characters long."""
    return f"'{shown(name)}'"


def _recorded(value: object) -> object:
    """A field for JSON: text is cut, and half characters (surrogates) are spelled out."""
    if not isinstance(value, str):
        return value
    return value[:_RECORDED].encode("utf-8", "backslashreplace").decode()


class UsageError(KeramosError):
    """The call is wrong: an option, an argument or a name that does not exist."""

    code = "USAGE"


class MissingExtraError(UsageError):
    """Something outside the base install is needed; ``remedy`` holds the install command."""

    code = "MISSING_EXTRA"


class DataError(KeramosError):
    """A table cannot be read or used."""

    code = "DATA"


class RowError(DataError):
    """Some rows cannot be used; ``problems`` names each with column, value and reason."""

    code = "ROW"

    problems: tuple[Problem, ...]


class ModelError(KeramosError):
    """A model file cannot be used."""

    code = "MODEL"


class UnsafeModelError(ModelError):
    """The file asks for something that is never done: run code, follow a link, read other files."""

    code = "UNSAFE_MODEL"


class CorruptModelError(ModelError):
    """The file is cut, damaged, or contradicts itself."""

    code = "CORRUPT_MODEL"


class UnsupportedModelError(ModelError):
    """The file is sound, but holds something that keramos cannot run; ``problems`` names it all."""

    code = "UNSUPPORTED_MODEL"


class ForeignCodeError(UnsafeModelError, UnsupportedModelError):
    """The file holds somebody else's code: a Lambda, a function of a module, a pickle.

    It is never run. Where a layer is code, ``replace=`` says what it computes.
    """

    code = "FOREIGN_CODE"


class LimitExceededError(ModelError):
    """Something in the file is larger, deeper or more numerous than the limits allow."""

    code = "LIMIT_EXCEEDED"


class MismatchError(ModelError):
    """Parts that must fit do not: weights and config, input and shape, golden rows and answers."""

    code = "MISMATCH"


class SignatureError(ModelError):
    """The file has no valid signature for the key that is required; it was not read."""

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
    """The model is known but not ready, or the server is stopping; a later request may succeed."""

    code = "NOT_READY"
