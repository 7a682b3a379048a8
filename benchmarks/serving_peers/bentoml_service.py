"""BentoML: a typed endpoint on the event loop, which is its quicker way; no access log."""

from __future__ import annotations

import os

import bentoml
import numpy as np
import onnxruntime as ort


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Mlp:
    """One model."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(os.environ["MODEL"], options)
        self.name = self.session.get_inputs()[0].name

    @bentoml.api
    async def predict(self, instances: list[list[float]]) -> dict[str, list[list[float]]]:
        """A prediction a row."""
        outputs = self.session.run(None, {self.name: np.array(instances, np.float32)})
        return {"predictions": outputs[0].tolist()}
