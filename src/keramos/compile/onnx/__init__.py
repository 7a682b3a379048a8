"""Writing ONNX: the graph builder, its protobuf bytes, shape rules."""
