"""What every form of saved model yields, and the row by which a form is known."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from msgspec import field

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keramos.artifact.limits import Limits
    from keramos.artifact.sources import ModelSource
    from keramos.errors import ModelError
    from keramos.types.artifact import Endpoints
    from keramos.types.network import Network
    from keramos.types.stored import Outline, StoredTensor

_NO_OPTIONS: Mapping[str, object] = MappingProxyType({})


class LayerGroups(Frozen, frozen=True):
    """Weights by layer, as legacy files keep them: each layer's weight names in Keras' order.

    ``root`` is the path of the group that holds the layers' groups; "" is the top.
    """

    root: str
    names: Mapping[str, Sequence[str]]

    def path(self, layer: str, weight: str) -> str:
        """The path of a weight in its store."""
        return f"{self.root}/{layer}/{weight}"


class LeafWeights(Frozen, frozen=True):
    """The weights of one layer that holds no model: path in the store and name of each.

    They are in the order of ``layer.weights``; ``built``: in the order in which Keras builds them,
    frozen ones not last. ``options`` are options of its config that are kept as data.
    """

    weights: Sequence[tuple[str, str]]
    built: bool = False
    options: Mapping[str, object] = _NO_OPTIONS


class LeafGroups(Frozen, frozen=True):
    """Weights by layer at any depth: ``of`` gives those of a network by the names on the way to
    each layer.
    """

    of: Callable[[Network], Mapping[tuple[str, ...], LeafWeights]]


class WeightStore(Protocol):
    """The weights of a saved model: named by paths, read on demand.

    Raises:
        ModelError: from every method: what is asked for is damaged or exceeds a limit.
    """

    def groups(self) -> LayerGroups | LeafGroups | None:
        """The weights by layer; None where they are found by the paths of their layers instead."""

    def unlisted(self) -> str | None:
        """The path of something beside the groups of ``groups`` that no layer would ever get."""

    def paths(self) -> Sequence[str]:
        """The paths of all weights."""

    def shape(self, path: str) -> tuple[int, ...]:
        """The stated shape of a weight; its values stay unread."""

    def array(self, path: str) -> NDArray[np.generic]:
        """The values of a weight; read-only where they are a view of the stored bytes."""

    def owner(self, path: str) -> object:
        """The name of the layer that a weight says it belongs to; None where it says nothing."""

    def recorded(self, name: str) -> str:
        """``keras_version`` or ``backend`` as recorded beside the weights; "" where absent."""


class Container(Frozen, frozen=True, eq=False):
    """What an opened model holds; ``config`` and ``weights`` are None where it has none.

    ``assets`` are files of layers (vocabularies) by their path. ``training`` is the configuration
    of training where it is a text of its own: it is checked for foreign code and never used.
    ``content`` is the document that keramos stored beside the network, and ``sealed`` are the bytes
    that its digest covers where they are not the config. ``tensors`` lists every
    array of the file, those of an optimizer too, where the form can. ``lacks`` gives the error
    that says why there is no config, where the form knows. ``graph`` reads the network of an
    endpoint (None: the usual one) from a graph of operations, where the form has one; ``endpoints``
    are its signatures. ``notes`` are remarks about what lies beside the model. ``outline``
    describes what a form computes that keramos reads and does not run.
    """

    config: bytes | None
    weights: WeightStore | None = None
    keras_version: str = ""
    backend: str = ""
    assets: Mapping[str, bytes] = field(default_factory=dict)
    training: bytes | None = None
    content: bytes | None = None
    tensors: Callable[[], tuple[StoredTensor, ...]] | None = None
    lacks: Callable[[], ModelError] | None = None
    sealed: bytes = b""
    graph: Callable[[str | None], Network] | None = None
    endpoints: Callable[[], Endpoints] | None = None
    notes: tuple[str, ...] = ()
    outline: Callable[[], Outline] | None = None


class Head(Frozen, frozen=True):
    """What is known of a source before it is opened.

    ``data`` holds the first bytes of a file, or all of them; it is empty for a folder. ``size``
    counts the bytes of the whole file. ``names`` are what stands in a folder itself, folders with a
    slash behind; None for a file.
    """

    path: str
    data: bytes
    size: int
    names: Sequence[str] | None = None


class Form(Frozen, frozen=True):
    """One form in which models are saved; a row of ``table.FORMS``.

    ``kind`` is its word in reports and ``title`` what people read. ``recognise`` says whether a
    source has this form and raises for one whose first bytes already show that it is damaged.
    ``open`` gives what it holds. ``suffix`` is the extension under which Keras opens the form, ""
    where Keras opens none; ``suffixes`` are those under which a server finds it in a folder.
    ``stored_as`` is its name in a version's folder of a store, None where it is no complete model.
    ``companions`` lists the files beside the named one that belong to it, as relative paths,
    and ``beside`` those that belong to it where they exist. ``open_graph`` opens its graph of
    operations alone, where the form may hold a config too that then stays unread.
    """

    kind: str
    title: str
    recognise: Callable[[Head], bool]
    open: Callable[[ModelSource, Limits], Container]
    suffix: str = ""
    suffixes: Sequence[str] = ()
    stored_as: str | None = None
    companions: Callable[[ModelSource, Limits], Sequence[str]] | None = None
    beside: Sequence[str] = ()
    open_graph: Callable[[ModelSource, Limits], Container] | None = None
