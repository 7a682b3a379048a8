"""Functions of keras.ops and TensorFlow as ONNX, where they stand in a model as nodes; one small
function each.

``table`` joins them. Most models have none of them, so it is loaded when the first is met.
"""
