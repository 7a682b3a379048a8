"""LitServe with its defaults: one worker process behind its queue."""

import os

import litserve
import numpy as np
import onnxruntime as ort


class Mlp(litserve.LitAPI):
    """One model."""

    def setup(self, device: str) -> None:  # noqa: ARG002 (LitServe's signature)
        """Open the model."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(os.environ["MODEL"], options)
        self.name = self.session.get_inputs()[0].name

    def decode_request(self, request: dict) -> np.ndarray:
        """Rows of numbers."""
        return np.array(request["instances"], np.float32)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """A prediction a row."""
        return self.session.run(None, {self.name: x})[0]

    def encode_response(self, output: np.ndarray) -> dict:
        """As lists."""
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Mlp(), accelerator="cpu")
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        generate_client_file=False,
        log_level="warning",
    )
