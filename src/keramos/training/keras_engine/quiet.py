"""Keras, imported with the notices of its backend switched off; import it from here only."""

import os

# TensorFlow reads these when it loads. oneDNN gains nothing on small networks and prints a notice.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras

__all__ = ["keras"]
