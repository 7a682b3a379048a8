"""Save the model in MLflow's onnx flavour, for ``mlflow models serve``."""

import sys

import mlflow.onnx
import numpy as np
import onnx
from mlflow.models import infer_signature

model = onnx.load(sys.argv[1])
name = model.graph.input[0].name
rows = {name: np.zeros((2, 10), np.float32)}
signature = infer_signature(rows, {model.graph.output[0].name: np.zeros((2, 1), np.float32)})
mlflow.onnx.save_model(model, sys.argv[2], signature=signature)
