"""FastAPI as its tutorial has it: pydantic models in and out, ONNX Runtime inside, on uvicorn."""

import os

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(os.environ["MODEL"], options)
name = session.get_inputs()[0].name
app = FastAPI()


class Rows(BaseModel):
    """The request."""

    instances: list[list[float]]


class Predictions(BaseModel):
    """The reply."""

    predictions: list[list[float]]


@app.post("/predict")
async def predict(rows: Rows) -> Predictions:
    """A prediction a row."""
    outputs = session.run(None, {name: np.array(rows.instances, np.float32)})
    return Predictions(predictions=outputs[0].tolist())


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False)
