"""Room 6, ONNX and rows -> answers.

Enters: ``Compiled`` and ``Feeds``. Leaves: outputs, decisions, the proof of golden rows.
The only room that may import onnxruntime.
"""

import os

# From 1.29 on ONNX Runtime reports to its maker and keeps files in the home folder, unless it is
# told so when loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
