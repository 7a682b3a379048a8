"""Classes of Keras that hold or name code: none of them runs, so none has a record."""

_CODE = "it stores Python code, and code from a file is never run"
_FOREIGN = "it wraps a model of another framework"

CODE = {
    "FlaxLayer": _FOREIGN,
    "JaxLayer": _FOREIGN,
    "Lambda": _CODE,
    "TFSMLayer": "it loads a TensorFlow SavedModel from another path",
    "TorchModuleWrapper": _FOREIGN,
}
"""Class -> why it cannot run."""

OUTSIDE = {"DenseFeatures": "its feature columns are TensorFlow code outside the file"}
"""Classes of which a part is missing in files -> what."""
