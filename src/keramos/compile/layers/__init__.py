"""Keras layers as ONNX: Keras' own family names as files, one small function a layer, one row a layer below."""
