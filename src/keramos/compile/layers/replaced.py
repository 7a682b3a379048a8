"""What a user gives for a layer that cannot run: an expression, or a lowering function."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.compile.lowering.record import Lowering
from keramos.keras_layers.spec import LayerSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value


def expression(s: LayerCall) -> Value | tuple[Value, ...]:
    """Arithmetic over the inputs."""
    # The language of expressions knows every function; few models need it.
    from keramos.compile.expression import evaluate  # noqa: PLC0415

    return evaluate(s, cast("str", s.layer.replacement))


def function(s: LayerCall) -> Value | tuple[Value, ...]:
    """Whatever the user's function appends; it gets the layer call, reads weights there, and may
    set a mask.
    """
    build = cast("Callable[[LayerCall], Value | tuple[Value, ...]]", s.layer.replacement)
    return build(s)


LAYERS = {
    "replaced.Expression": Lowering(LayerSpec(), expression),
    "replaced.Function": Lowering(LayerSpec(mask="own"), function),
}
