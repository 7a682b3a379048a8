"""Room 6, ONNX and rows -> answers.

Enters: ``Compiled`` and ``Feeds``. Leaves: outputs, decisions, the proof of golden rows.
The only room that may import onnxruntime.
"""
