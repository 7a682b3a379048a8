"""Every protocol of the server keeps the promises of its suite."""

import numpy as np

from keramos.serving.assemble import ROUTES
from keramos.serving.protocols.keramos import rest as own
from keramos.serving.protocols.mlflow import rest as mlflow
from keramos.serving.protocols.oip import rest as oip
from keramos.serving.protocols.oip.messages import M as OIP
from keramos.serving.protocols.tensorflow import examples as tensorflow_examples
from keramos.serving.protocols.tensorflow import rest as tensorflow
from keramos.serving.protocols.tensorflow.messages import M as TF
from keramos.serving.protocols.tensorflow.tensors import from_tensor, to_tensor
from support.protocol_suites import MODEL, GrpcProtocolSuite, HttpProtocolSuite, open_channel
from support.served_models import matrix_rows

__all__ = ["open_channel"]
ROWS = matrix_rows(2).tolist()


class TestKeramos(HttpProtocolSuite):
    routes, own = ROUTES, own.ROUTES
    infer, unknown = f"/models/{MODEL}/decide", "/models/nobody/decide"
    described = ("GET", "/models")

    def body(self, rows):
        return {"rows": rows.tolist()}

    def outputs(self, reply):
        return [decision["scores"] for decision in reply["decisions"]]

    def wrong(self):
        return {
            "short row": {"rows": [[1.0]]},
            "text": {"rows": [["a", 1, 2, 3]]},
            "no columns": {"rows": [{"z": 1}]},
        }


class TestTensorFlowRest(HttpProtocolSuite):
    routes, own = ROUTES, (*tensorflow.ROUTES, *tensorflow_examples.ROUTES)
    infer, unknown = f"/v1/models/{MODEL}:predict", "/v1/models/nobody:predict"
    described = ("GET", f"/v1/models/{MODEL}/metadata")

    def body(self, rows):
        return {"instances": rows.tolist()}

    def outputs(self, reply):
        return reply["predictions"]

    def wrong(self):
        return {
            "short row": {"instances": [[1.0]]},
            "text": {"instances": [["a", 1, 2, 3]]},
            "both forms": {"instances": ROWS, "inputs": ROWS},
            "no key": {"rows": ROWS},
            "signature": {"instances": ROWS, "signature_name": "other"},
        }


class TestOipRest(HttpProtocolSuite):
    routes, own = ROUTES, oip.ROUTES
    infer, unknown = f"/v2/models/{MODEL}/infer", "/v2/models/nobody/infer"
    described = ("GET", f"/v2/models/{MODEL}")

    def body(self, rows):
        return {"inputs": [self._tensor(rows)]}

    def outputs(self, reply):
        (output,) = reply["outputs"]
        return np.array(output["data"]).reshape(output["shape"])

    def wrong(self):
        tensor = self._tensor(matrix_rows(2))
        return {
            "no tensors": {"inputs": []},
            "shape": {"inputs": [tensor | {"shape": [2, 3]}]},
            "width": {"inputs": [tensor | {"shape": [4, 2]}]},
            "type": {"inputs": [tensor | {"datatype": "FP8"}]},
            "text": {"inputs": [tensor | {"data": ["a"] * 8}]},
            "name": {"inputs": [tensor | {"name": "other"}]},
            "twice": {"inputs": [tensor, tensor]},
        }

    def _tensor(self, rows):
        data = rows.ravel().tolist()
        return {"name": "features", "shape": list(rows.shape), "datatype": "FP32", "data": data}


class TestMlflow(HttpProtocolSuite):
    routes, own = ROUTES, mlflow.ROUTES
    infer, unknown = "/invocations", "/models/nobody/invocations"
    described = ("GET", "/models")  # MLflow's own protocol has no description of a model

    def body(self, rows):
        return {"dataframe_split": {"columns": list("abcd"), "data": rows.tolist()}}

    def outputs(self, reply):
        return reply["predictions"]

    def error(self, reply):
        return reply.get("message") or reply["error"]

    def wrong(self):
        return {
            "short row": {"dataframe_split": {"columns": list("abcd"), "data": [[1]]}},
            "text": {"dataframe_records": [dict.fromkeys("abcd", "x")]},
            "no form": {"rows": ROWS},
            "two forms": {"instances": ROWS, "inputs": ROWS},
        }


class TestTensorFlowGrpc(GrpcProtocolSuite):
    method = "/tensorflow.serving.PredictionService/Predict"
    described = "/tensorflow.serving.PredictionService/GetModelMetadata"

    def request(self, rows, model=MODEL):
        message = TF["PredictRequest"](model_spec=TF["ModelSpec"](name=model))
        to_tensor(np.asarray(rows), message.inputs["features"])
        return message

    def description_request(self, model=MODEL):
        spec = TF["ModelSpec"](name=model)
        return TF["GetModelMetadataRequest"](model_spec=spec, metadata_field=["signature_def"])

    def outputs(self, data):
        (output,) = TF["PredictResponse"].FromString(data).outputs.values()
        return from_tensor("output", output)

    def wrong(self):
        named = TF["PredictRequest"](model_spec=TF["ModelSpec"](name=MODEL))
        to_tensor(matrix_rows(1), named.inputs["other"])
        signature = self.request(matrix_rows(1))
        signature.model_spec.signature_name = "other"
        return {
            "no inputs": TF["PredictRequest"](model_spec=TF["ModelSpec"](name=MODEL)),
            "no model": TF["PredictRequest"](),
            "name": named,
            "width": self.request(np.zeros((2, 3), "float32")),
            "text": self.request(np.array([["a", "b", "c", "d"]], object)),
            "signature": signature,
        }


class TestOipGrpc(GrpcProtocolSuite):
    method = "/inference.GRPCInferenceService/ModelInfer"
    described = "/inference.GRPCInferenceService/ModelMetadata"

    def request(self, rows, model=MODEL):
        message = OIP["ModelInferRequest"](model_name=model)
        tensor = message.inputs.add(name="features", datatype="FP32", shape=rows.shape)
        tensor.contents.fp32_contents.extend(rows.ravel().tolist())
        return message

    def description_request(self, model=MODEL):
        return OIP["ModelMetadataRequest"](name=model)

    def outputs(self, data):
        (output,) = OIP["ModelInferResponse"].FromString(data).outputs
        return np.array(output.contents.fp32_contents).reshape(tuple(output.shape))

    def wrong(self):
        name, kind, shape = (self.request(matrix_rows(2)) for _ in range(3))
        name.inputs[0].name = "other"
        kind.inputs[0].datatype = "FP8"
        shape.inputs[0].shape[1] = 3
        return {
            "no inputs": OIP["ModelInferRequest"](model_name=MODEL),
            "name": name,
            "type": kind,
            "shape": shape,
            "width": self.request(np.zeros((2, 3), "float32")),
        }
