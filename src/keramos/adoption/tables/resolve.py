"""Names of the columns of a row -> the raw column and the encoder behind each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from keramos.adoption.tables.dummies import dummy_slots
from keramos.adoption.tables.evidence import same_name
from keramos.adoption.tables.parts import words_of
from keramos.adoption.tables.slots import Resolved, Slot
from keramos.tabular.fitted.label_encoder import LabelEncoder
from keramos.tabular.fitted.one_hot_encoder import OneHotEncoder
from keramos.tabular.fitted.ordinal_encoder import OrdinalEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keramos.adoption.tables.evidence import Evidence
    from keramos.adoption.tables.parts import Piece
    from keramos.tabular.fitted.fitted import Fitted

_PLAIN_WORDS = frozenset(
    [
        "label",
        "labels",
        "labelencoder",
        "encoder",
        "encoders",
        "enc",
        "le",
        "ohe",
        "oh",
        "lbl",
        "one",
        "hot",
        "onehot",
        "onehotencoder",
        "ordinal",
        "binarizer",
        "model",
        "pkl",
        "joblib",
        "pickle",
        "final",
        "the",
        "for",
        "of",
        "new",
        "my",
        "trained",
        "v",
    ]
)
_PEOPLE = frozenset({"male", "female", "m", "f", "man", "woman"})
_PEOPLE_COLUMNS = frozenset({"gender", "sex"})


@dataclass(slots=True, eq=False)
class Resolver:
    """Finds the sources of named columns.

    ``scaler`` is the step that follows, whose statistics are evidence; ``wanted`` says by column
    which file encodes it.
    """

    pieces: Sequence[Piece]
    evidence: Evidence | None
    scaler: Fitted | None = None
    wanted: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, names: Sequence[str]) -> Resolved:
        """The slots of a row whose columns have these names."""
        found: dict[int, Slot] = {}
        result = Resolved([])
        self._by_wish(names, found, result)
        self._one_hot(names, found, result)
        self._by_name(names, found, result)
        self._by_values(names, found, result)
        dummy_slots(names, found, result, self.evidence, self.scaler)
        self._left(names, found, result)
        result.slots = [found[place] for place in range(len(names))]
        return result

    def _take(self, result: Resolved, piece: Piece) -> None:
        result.used.add(id(piece))

    def _by_wish(self, names: Sequence[str], found: dict[int, Slot], result: Resolved) -> None:
        for place, name in enumerate(names):
            path = self.wanted.get(name)
            if path in (None, "none"):
                if path == "none":
                    found[place] = Slot(name, origin="user", certainty="confirmed")
                continue
            piece = next(
                (one for one in self.pieces if one.is_encoder and one.path.endswith(str(path))),
                None,
            )
            if piece is not None and len(piece.fitted.names([name])) == 1:
                found[place] = Slot(name, piece.fitted, 0, "user", piece.path, "confirmed")
                self._take(result, piece)

    def _one_hot(self, names: Sequence[str], found: dict[int, Slot], result: Resolved) -> None:
        """Columns that a OneHotEncoder names: ``Geography_France``."""
        places = {same_name(name): place for place, name in enumerate(names)}
        for piece in self.pieces:
            fitted = piece.fitted
            if not isinstance(fitted, OneHotEncoder):
                continue
            for number, outputs in enumerate(fitted.outputs):
                raw = piece.names[number] if piece.names else None
                prefix = raw or _prefix(names, outputs)
                wanted = [same_name(f"{prefix}_{output}") for output in outputs]
                if prefix is None or not all(one in places for one in wanted):
                    continue
                encoder = _one_column(fitted, number)
                sure = "stated" if raw else "inferred"
                for output, one in enumerate(wanted):
                    slot = Slot(prefix, encoder, output, "file", piece.path, sure)  # type: ignore[arg-type]
                    found.setdefault(places[one], slot)
                self._take(result, piece)

    def _by_name(self, names: Sequence[str], found: dict[int, Slot], result: Resolved) -> None:
        """Encoders that name their column, by key, by fitted names or in the file's name."""
        for place, name in enumerate(names):
            if place in found:
                continue
            slot = self._stated(name, result) or self._in_file_name(name, names, result)
            if slot is not None:
                found[place] = slot

    def _stated(self, name: str, result: Resolved) -> Slot | None:
        for piece in self.pieces:
            if not piece.is_encoder:
                continue
            if isinstance(piece.fitted, OrdinalEncoder) and name in piece.names:
                self._take(result, piece)
                encoder = _one_ordinal(piece.fitted, piece.names.index(name))
                return Slot(name, encoder, 0, "file", piece.path)
            single = isinstance(piece.fitted, LabelEncoder)
            if single and piece.key and same_name(piece.key) == same_name(name):
                self._take(result, piece)
                return Slot(name, piece.fitted, 0, "file", piece.path)
        return None

    def _in_file_name(self, name: str, names: Sequence[str], result: Resolved) -> Slot | None:
        """A LabelEncoder whose file name holds the words of this column and of no longer one."""
        words = frozenset(words_of(name))
        for piece in self._free(result):
            own = frozenset(piece.words) - _PLAIN_WORDS
            rivals = [
                other
                for other in names
                if own and frozenset(words_of(other)) <= own and len(words_of(other)) >= len(words)
            ]
            joined = same_name(name) == "".join(
                word for word in piece.words if word not in _PLAIN_WORDS
            )
            if joined or (words and words <= own and rivals == [name]):
                if self._contradicts(name, piece):
                    continue
                self._take(result, piece)
                return Slot(name, piece.fitted, 0, "file", piece.path, "inferred")
        return None

    def _free(self, result: Resolved) -> list[Piece]:
        return [
            piece
            for piece in self.pieces
            if isinstance(piece.fitted, LabelEncoder) and id(piece) not in result.used
        ]

    def _contradicts(self, name: str, piece: Piece) -> bool:
        """Whether the table says that the column holds other values than the encoder knows."""
        column = self.evidence.column(name) if self.evidence else None
        if column is None or self.evidence is None or not self.evidence.is_text(column):
            return False
        return not self.evidence.values(column) <= frozenset(map(str, piece.classes))

    def _by_values(self, names: Sequence[str], found: dict[int, Slot], result: Resolved) -> None:
        """Encoders whose classes are the cells of one column of the table."""
        open_names = [name for place, name in enumerate(names) if place not in found]
        for piece in self._free(result):
            fitting = self._columns_of(piece, open_names)
            if len(fitting) == 1:
                place = list(names).index(fitting[0])
                found[place] = Slot(names[place], piece.fitted, 0, "data", piece.path, "inferred")
                open_names.remove(fitting[0])
                self._take(result, piece)

    def _columns_of(self, piece: Piece, names: Sequence[str]) -> list[str]:
        if self.evidence is None:
            return []
        columns = self.evidence.with_values(piece.classes)
        wanted = {same_name(column) for column in columns if self.evidence.is_text(column)}
        return [name for name in names if same_name(name) in wanted]

    def _left(self, names: Sequence[str], found: dict[int, Slot], result: Resolved) -> None:
        """What is left is a number, unless the table shows text there."""
        for place, name in enumerate(names):
            if place in found:
                continue
            column = self.evidence.column(name) if self.evidence else None
            if column is not None and self.evidence and self.evidence.is_text(column):
                result.missing.append(name)
            found[place] = Slot(name, None, 0, "file", "", "assumed")
        self._guess(names, found, result)
        self._derived(found, result)

    def _derived(self, found: dict[int, Slot], result: Resolved) -> None:
        """Numbers that the table does not have, though it has most others: code derived them."""
        plain = [slot.raw for slot in found.values() if slot.encoder is None]
        if self.evidence is None or not plain:
            return
        absent = [name for name in plain if self.evidence.column(name) is None]
        if absent and len(absent) < len(plain):
            shown = ", ".join(absent[:4]) + (" ..." if len(absent) > 4 else "")  # noqa: PLR2004
            result.doubts.append(
                f"{shown} come as numbers that you compute: {self.evidence.short} lacks them"
            )

    def _guess(self, names: Sequence[str], found: dict[int, Slot], result: Resolved) -> None:
        """Encoders without a sign of their column: people by their words, else by exclusion."""
        for piece in self._free(result):
            if len(names) == 0 or not all(isinstance(one, str) for one in piece.classes):
                continue
            options = [
                place
                for place, slot in found.items()
                if slot.encoder is None and _may_be(names[place], piece, result)
            ]
            if len(options) != 1:
                continue
            (place,) = options
            shown = ", ".join(map(str, piece.classes[:4]))
            result.doubts.append(f"column '{names[place]}' is encoded by {shown}")
            found[place] = replace(
                found[place], encoder=piece.fitted, source=piece.path, certainty="inferred"
            )
            if names[place] in result.missing:
                result.missing.remove(names[place])
            self._take(result, piece)


def _may_be(name: str, piece: Piece, result: Resolved) -> bool:
    if {str(one).lower() for one in piece.classes} <= _PEOPLE:
        return bool(_PEOPLE_COLUMNS & set(words_of(name)))
    return name in result.missing


def _prefix(names: Sequence[str], outputs: Sequence[str]) -> str | None:
    """What stands before all the categories, where the names are ``<prefix>_<category>``."""
    for name in names:
        if name.endswith(f"_{outputs[0]}"):
            prefix = name[: -len(outputs[0]) - 1]
            if all(f"{prefix}_{output}" in names for output in outputs):
                return prefix
    return None


def _one_column(fitted: OneHotEncoder, number: int) -> OneHotEncoder:
    return OneHotEncoder(
        (fitted.categories[number],),
        (fitted.places[number],),
        (fitted.outputs[number],),
        (fitted.unknown[number],),
    )


def _one_ordinal(fitted: OrdinalEncoder, number: int) -> OrdinalEncoder:
    return OrdinalEncoder((fitted.categories[number],), (fitted.numbers[number],), fitted.unknown)
