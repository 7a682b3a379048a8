"""Graphs of TensorFlow operations as ONNX: one row an operation (``table.py``)."""
