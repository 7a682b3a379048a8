"""The Open Inference Protocol's messages: field numbers of ``open_inference_grpc.proto``, and of
Triton's extensions (``grpc_service.proto`` and ``model_config.proto``). Fields that keramos has no
use for are left out.
"""

from __future__ import annotations

from keramos.serving.core.protobuf import messages

PACKAGE = "inference"

M = messages(
    PACKAGE,
    """
    ServerLiveRequest:
    ServerLiveResponse: live bool 1
    ServerReadyRequest:
    ServerReadyResponse: ready bool 1
    ModelReadyRequest: name string 1, version string 2
    ModelReadyResponse: ready bool 1
    ServerMetadataRequest:
    ServerMetadataResponse: name string 1, version string 2, extensions string* 3
    ModelMetadataRequest: name string 1, version string 2
    TensorMetadata: name string 1, datatype string 2, shape int64* 3
    ModelMetadataResponse: name string 1, versions string* 2, platform string 3, \
        inputs TensorMetadata* 4, outputs TensorMetadata* 5
    InferParameter: bool_param bool? 1, int64_param int64? 2, string_param string? 3, \
        double_param double? 4, uint64_param uint64? 5
    InferTensorContents: bool_contents bool* 1, int_contents int32* 2, int64_contents int64* 3, \
        uint_contents uint32* 4, uint64_contents uint64* 5, fp32_contents float* 6, \
        fp64_contents double* 7, bytes_contents bytes* 8
    InferInputTensor: name string 1, datatype string 2, shape int64* 3, \
        parameters InferParameter@ 4, contents InferTensorContents 5
    InferRequestedOutputTensor: name string 1, parameters InferParameter@ 2
    ModelInferRequest: model_name string 1, model_version string 2, id string 3, \
        parameters InferParameter@ 4, inputs InferInputTensor* 5, \
        outputs InferRequestedOutputTensor* 6, raw_input_contents bytes* 7
    InferOutputTensor: name string 1, datatype string 2, shape int64* 3, \
        parameters InferParameter@ 4, contents InferTensorContents 5
    ModelInferResponse: model_name string 1, model_version string 2, id string 3, \
        parameters InferParameter@ 4, outputs InferOutputTensor* 5, raw_output_contents bytes* 6
    ModelConfigRequest: name string 1, version string 2
    ModelInput: name string 1, data_type int32 2, dims int64* 4
    ModelOutput: name string 1, data_type int32 2, dims int64* 3
    ModelConfig: name string 1, platform string 2, max_batch_size int32 4, input ModelInput* 5, \
        output ModelOutput* 6, backend string 17
    ModelConfigResponse: config ModelConfig 1
    RepositoryIndexRequest: repository_name string 1, ready bool 2
    ModelIndex: name string 1, version string 2, state string 3, reason string 4
    RepositoryIndexResponse: models ModelIndex* 1
    RepositoryModelLoadRequest: repository_name string 1, model_name string 2
    RepositoryModelLoadResponse:
    RepositoryModelUnloadRequest: repository_name string 1, model_name string 2
    RepositoryModelUnloadResponse:
    """,
)
