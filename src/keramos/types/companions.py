"""What lies beside a model, read as data: nothing here can run."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Name:
    """A class or function that a file names: the text of its name and nothing else."""

    module: str
    name: str

    def __str__(self) -> str:
        """The dotted name."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Record:
    """An object of a pickle as data: its class, what it was made with, its attributes and, where
    it is a kind of list or dict, its items.
    """

    kind: Name
    arguments: tuple[object, ...] = ()
    state: dict[str, object] = field(default_factory=dict)
    items: list[object] = field(default_factory=list)
    pairs: dict[object, object] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version of scikit-learn that wrote it, or ""."""
        found = self.state.get("_sklearn_version")
        return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True, eq=False)
class Companion:
    """A file beside a model.

    ``form`` is a row of ``companions.table.READERS``; what ``value`` is, its reader says.
    """

    path: str
    form: str
    value: object
    sha256: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that was found beside a model and is not used, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A Keras Tokenizer: ``words`` by index, from 1 on, and how text is cut.

    ``filters`` are characters that become ``split``; words of an index of ``num_words`` and above
    count as unknown (0: no bound); an unknown word is dropped, or becomes ``oov_token`` where that
    is set (it is a word of its own in ``words``). ``documents`` is the number of texts that it was
    fitted on, ``documents_with`` by word how many of them have it; 0 and () where it does not say.
    """

    words: tuple[str, ...]
    filters: str
    split: str = " "
    lower: bool = True
    num_words: int = 0
    oov_token: str = ""
    char_level: bool = False
    documents: int = 0
    documents_with: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """Names of the outputs, in their order; names may repeat, so the position is the identity."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Intents:
    """An ``intents.json``: for each tag the patterns it was learned from and the responses."""

    tags: tuple[str, ...]
    patterns: tuple[tuple[str, ...], ...]
    responses: tuple[tuple[str, ...], ...]
