"""LocallyConnected1D and 2D of Keras 1 and 2."""

from keramos.keras_layers.convolutional import ENDS, WINDOW
from keramos.keras_layers.options import COUNT, WHOLE, words
from keramos.keras_layers.spec import LayerSpec, Weight, by_space

LAYERS = by_space(
    "LocallyConnected{}D",
    LayerSpec(
        options={
            "filters": COUNT,
            **WINDOW,
            "padding": words("valid", "same"),
            **ENDS,
            "implementation": WHOLE(1),
        },
        # Keras has three ways to store the kernel, which ``implementation`` names.
        weights=(Weight("kernel"), Weight("bias", "*places filters", when="use_bias")),
        floats=True,
        since="1",
        until="2",
        unstated=("implementation",),
    ),
    1,
    2,
)
