"""keramos: a trained Keras model in one ordinary file, run anywhere without TensorFlow."""

from keramos.version import __version__

__all__ = ["__version__"]
