"""What a user gives for a layer that cannot run: an expression, or a lowering function."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from keramos.compile.lowering.record import Lowering
from keramos.errors import LimitExceededError, ModelError, UsageError
from keramos.keras_layers.spec import LayerSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.compile.lowering.layer_call import LayerCall
    from keramos.compile.onnx.graph import Value


def expression(s: LayerCall) -> Value | tuple[Value, ...]:
    """Arithmetic over the inputs.

    Raises:
        UsageError: the text is not such an expression, or does not fit the inputs.
    """
    # The language of expressions knows every function; few models need it.
    from keramos.compile.expression import evaluate  # noqa: PLC0415

    text = cast("str", s.layer.replacement)
    try:
        return evaluate(s, text)
    except UsageError as error:
        error.at(remedy=f"Correct the replacement of the layer; {inputs_of(s)}")
        raise
    except LimitExceededError:
        raise
    except (ModelError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        what = error.what if isinstance(error, ModelError) else f"{type(error).__name__}: {error}"
        raise UsageError(
            f"the expression does not fit its inputs ({what[:300]})",
            received=text,
            remedy=f"Correct the replacement of the layer; {inputs_of(s)}",
        ) from error


def inputs_of(s: LayerCall) -> str:
    """The inputs of a layer as expressions name them, with their shapes."""
    if len(s.inputs) == 1:
        return f"its one input is x, of shape {s.x.shape}"
    named = [f"x[{place}] of shape {x.shape}" for place, x in enumerate(s.inputs)]
    return f"its inputs are {', '.join(named)}" if named else "it has no inputs"


def function(s: LayerCall) -> Value | tuple[Value, ...]:
    """Whatever the user's function appends; it gets the layer call, reads weights there, and may
    set a mask.
    """
    build = cast("Callable[[LayerCall], Value | tuple[Value, ...]]", s.layer.replacement)
    return build(s)


LAYERS = {
    "replaced.Expression": Lowering(LayerSpec(several=True), expression),
    "replaced.Function": Lowering(LayerSpec(mask="own", several=True), function),
}
