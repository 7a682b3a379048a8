"""How a layer or a function of a model becomes ONNX: its record and the function that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from keramos.compile.lowering.layer_call import Result
    from keramos.keras_layers.spec import LayerSpec

    Build = Callable[..., Result]
    """A lowering: (call, **options) -> the outputs. Its keyword-only parameters are the options of
    the class' record, with the same defaults.
    """


class Lowering(Frozen, frozen=True):
    """One Keras class: what it is, and the function that appends its nodes.

    Options of a config that are neither in ``spec.options`` nor ``spec.ignored``, and that training
    alone does not read either, are refused.
    """

    spec: LayerSpec
    build: Build

    @property
    def options(self) -> Collection[str]:
        """Options that answers depend on."""
        return self.spec.options

    @property
    def ignored(self) -> Collection[str]:
        """Options that answers do not depend on."""
        return self.spec.ignored

    @property
    def calls(self) -> Collection[str]:
        """Arguments of a call that it reads, beside ``mask`` and ``training``."""
        return self.spec.calls


class Operation(Frozen, frozen=True):
    """How one function of keras.ops becomes ONNX, where it stands in a model as a node.

    ``build(call, ...)`` has the parameters of the function under their own names. Keras records
    some of their values in the config and some in the call; both arrive as arguments. Masks do not
    pass operations.
    """

    build: Callable[..., Result]
    ignored: tuple[str, ...] = ()
    names: frozenset[str] | None = None

    @property
    def options(self) -> frozenset[str]:
        """Names of the function's parameters, or ``names`` where it takes any."""
        if self.names is not None:
            return self.names
        code = self.build.__code__
        return frozenset(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])

    @property
    def calls(self) -> frozenset[str]:
        """Arguments of a call that it takes."""
        return self.options | set(self.ignored)
