"""Graphs of TensorFlow (GraphDef) -> a flat graph of operations, read as data within bounds."""
