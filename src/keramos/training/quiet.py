"""Keras, imported so that its backend keeps its notices to itself. The room imports it from here
only.
"""

import os

# Read when TensorFlow loads. oneDNN gains nothing on networks of this size and announces itself on
# stderr.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras

__all__ = ["keras"]
