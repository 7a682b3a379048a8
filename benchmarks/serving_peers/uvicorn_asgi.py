"""The least that Python can do without a framework: an ASGI function, msgspec and ONNX Runtime on
uvicorn.
"""

from __future__ import annotations

import os

import msgspec
import numpy as np
import onnxruntime as ort
import uvicorn

options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(os.environ["MODEL"], options)
name = session.get_inputs()[0].name
HEADERS = [(b"content-type", b"application/json")]


class Body(msgspec.Struct):
    """Rows of numbers."""

    instances: list[list[float]]


decode = msgspec.json.Decoder(Body).decode
encode = msgspec.json.Encoder().encode


async def app(scope, receive, send) -> None:  # noqa: ANN001 (ASGI)
    """Answer any request with a prediction."""
    assert scope["type"] == "http"  # noqa: S101 (nothing else is asked)
    data, more = b"", True
    while more:
        event = await receive()
        data += event.get("body", b"")
        more = event.get("more_body", False)
    rows = np.array(decode(data).instances, np.float32)
    reply = encode({"predictions": session.run(None, {name: rows})[0].tolist()})
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": reply})


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(os.environ["PORT"]), log_level="warning", access_log=False, lifespan="off"
    )
