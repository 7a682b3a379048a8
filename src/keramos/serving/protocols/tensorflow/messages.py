"""TensorFlow Serving's messages: field numbers of ``tensorflow_serving/apis/*.proto`` and of the
parts of TensorFlow they use (``tensor.proto``, ``example.proto``, ``meta_graph.proto``). Fields
that keramos has no use for are left out.
"""

from __future__ import annotations

from keramos.serving.core.protobuf import messages

PACKAGE = "tensorflow.serving"

M = messages(
    PACKAGE,
    """
    Int64Value: value int64 1
    Any: type_url string 1, value bytes 2
    ModelSpec: name string 1, version Int64Value 2, signature_name string 3, \
        version_label string 4
    Dim: size int64 1, name string 2
    TensorShapeProto: dim Dim* 2, unknown_rank bool 3
    TensorProto: dtype int32 1, tensor_shape TensorShapeProto 2, tensor_content bytes 4, \
        float_val float* 5, double_val double* 6, int_val int32* 7, string_val bytes* 8, \
        int64_val int64* 10, bool_val bool* 11, half_val int32* 13, uint32_val uint32* 16, \
        uint64_val uint64* 17
    PredictRequest: model_spec ModelSpec 1, inputs TensorProto@ 2, output_filter string* 3
    PredictResponse: outputs TensorProto@ 1, model_spec ModelSpec 2
    BytesList: value bytes* 1
    FloatList: value float* 1
    Int64List: value int64* 1
    Feature: bytes_list BytesList 1, float_list FloatList 2, int64_list Int64List 3
    Features: feature Feature@ 1
    Example: features Features 1
    ExampleList: examples Example* 1
    ExampleListWithContext: examples Example* 1, context Example 2
    Input: example_list ExampleList 1, example_list_with_context ExampleListWithContext 2
    Class: label string 1, score float 2
    Classifications: classes Class* 1
    ClassificationResult: classifications Classifications* 1
    ClassificationRequest: model_spec ModelSpec 1, input Input 2
    ClassificationResponse: result ClassificationResult 1, model_spec ModelSpec 2
    Regression: value float 1
    RegressionResult: regressions Regression* 1
    RegressionRequest: model_spec ModelSpec 1, input Input 2
    RegressionResponse: result RegressionResult 1, model_spec ModelSpec 2
    InferenceTask: model_spec ModelSpec 1, method_name string 2
    InferenceResult: model_spec ModelSpec 1, classification_result ClassificationResult 2, \
        regression_result RegressionResult 3
    MultiInferenceRequest: tasks InferenceTask* 1, input Input 2
    MultiInferenceResponse: results InferenceResult* 1
    TensorInfo: name string 1, dtype int32 2, tensor_shape TensorShapeProto 3
    SignatureDef: inputs TensorInfo@ 1, outputs TensorInfo@ 2, method_name string 3
    SignatureDefMap: signature_def SignatureDef@ 1
    GetModelMetadataRequest: model_spec ModelSpec 1, metadata_field string* 2
    GetModelMetadataResponse: model_spec ModelSpec 1, metadata Any@ 2
    StatusProto: error_code int32 1, error_message string 2
    ModelVersionStatus: version int64 1, state int32 2, status StatusProto 3
    GetModelStatusRequest: model_spec ModelSpec 1
    GetModelStatusResponse: model_version_status ModelVersionStatus* 1
    ReloadConfigRequest:
    ReloadConfigResponse: status StatusProto 1
    """,
)
