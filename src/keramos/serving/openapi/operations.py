"""Every operation of HTTP as a table: where it is, what it says, what it takes, what it may
answer.
"""

from __future__ import annotations

from dataclasses import dataclass

LABELS, VERSIONS = "/labels/{label}", "/versions/{version}"


@dataclass(frozen=True, slots=True)
class Operation:
    """``path`` may name a model as ``{M}``; then there is one operation a model, and one for each
    of ``at`` after it.

    ``takes`` and ``gives`` name schemas: those that begin with a dot are the model's own; no schema
    is an empty body. ``needs`` says which models have it: any, those with columns, those that
    classify or regress. ``text`` replies are no JSON; a ``refused`` operation has no good reply.
    """

    method: str
    path: str
    title: str
    tag: str
    gives: str = ""
    takes: str = ""
    error: str = "Error"
    codes: tuple[int, ...] = ()
    at: tuple[str, ...] = ()
    needs: str = "any"
    text: bool = False
    refused: bool = False


_OWN, _TF, _OIP, _MLFLOW, _RUN = (
    "keramos",
    "TensorFlow Serving",
    "Open Inference Protocol",
    "MLflow scoring",
    "operations",
)
_ALL = (VERSIONS, LABELS)
_MODEL = (400, 404, 503)
_BODY = (400, 404, 408, 413, 415, 503)

OPERATIONS = (
    Operation(
        "get",
        "/models",
        "Every model with its versions and labels",
        _OWN,
        "Models",
        error="OwnError",
    ),
    Operation(
        "post",
        "/models/{M}{at}/decide",
        "Label, score and rule of each row; with partial=true of each good row",
        _OWN,
        "Decisions",
        ".rows",
        "OwnError",
        _BODY,
        _ALL,
        "columns",
    ),
    Operation(
        "post",
        "/models/{M}{at}/trace",
        "The four steps to the decision about one row",
        _OWN,
        "Trace",
        ".one",
        "OwnError",
        _BODY,
        _ALL,
        "columns",
    ),
    Operation(
        "get",
        "/v1/models",
        "Always refused: TensorFlow Serving has no list; see /models",
        _TF,
        codes=(400,),
        refused=True,
    ),
    Operation(
        "get",
        "/v1/models/{M}{at}",
        "State of each version",
        _TF,
        "ModelStatus",
        codes=_MODEL,
        at=_ALL,
    ),
    Operation(
        "get",
        "/v1/models/{M}{at}/metadata",
        "Signatures",
        _TF,
        "ModelMetadata",
        codes=_MODEL,
        at=_ALL,
    ),
    Operation(
        "post",
        "/v1/models/{M}{at}:predict",
        "One prediction a row",
        _TF,
        ".predictions",
        ".predict",
        codes=_BODY,
        at=_ALL,
    ),
    Operation(
        "post",
        "/v1/models/{M}{at}:classify",
        "Label and score of every class",
        _TF,
        "Classified",
        ".examples",
        codes=_BODY,
        at=_ALL,
        needs="classify",
    ),
    Operation(
        "post",
        "/v1/models/{M}{at}:regress",
        "One number an example",
        _TF,
        "Regressed",
        ".examples",
        codes=_BODY,
        at=_ALL,
        needs="regress",
    ),
    Operation("get", "/v2", "Name, version and extensions of the server", _OIP, "OipServer"),
    Operation("get", "/v2/health/live", "200 while the process answers", _OIP),
    Operation("get", "/v2/health/ready", "200 when traffic may come, else 400", _OIP, codes=(400,)),
    Operation(
        "get",
        "/v2/models/{M}{at}",
        "Inputs and outputs",
        _OIP,
        "OipModel",
        codes=_MODEL,
        at=(VERSIONS,),
    ),
    Operation(
        "get",
        "/v2/models/{M}{at}/ready",
        "Whether it answers",
        _OIP,
        "OipReady",
        codes=(400, 404),
        at=(VERSIONS,),
    ),
    Operation(
        "post",
        "/v2/models/{M}{at}/infer",
        "Tensors in, tensors out; as JSON, or JSON with binary data after it",
        _OIP,
        "OipReply",
        ".infer",
        codes=_BODY,
        at=(VERSIONS,),
    ),
    Operation(
        "post",
        "/v2/repository/index",
        "Every version of every model",
        _OIP,
        "OipIndex",
        "OipIndexRequest",
        codes=(400, 408, 413, 415),
    ),
    Operation(
        "post",
        "/v2/repository/models/{M}/load",
        "Serve a model again",
        _OIP,
        codes=(400, 403, 404, 408, 413, 415),
    ),
    Operation(
        "post",
        "/v2/repository/models/{M}/unload",
        "Let go of a model",
        _OIP,
        codes=(400, 403, 404, 408, 413, 415),
    ),
    Operation(
        "post",
        "/invocations",
        "Predictions of the one model that is served",
        _MLFLOW,
        ".scored",
        ".table",
        "MlflowError",
        _BODY,
    ),
    Operation(
        "post",
        "/models/{M}/invocations",
        "Predictions for a table",
        _MLFLOW,
        ".scored",
        ".table",
        "MlflowError",
        _BODY,
    ),
    Operation(
        "get", "/ping", "200 when traffic may come, else 404", _MLFLOW, codes=(404,), text=True
    ),
    Operation("get", "/health", "As /ping", _MLFLOW, codes=(404,), text=True),
    Operation("get", "/version", "Version of keramos", _MLFLOW, text=True),
    Operation("get", "/livez", "200 while the process answers", _RUN, "Status"),
    Operation("get", "/healthz", "As /livez", _RUN, "Status"),
    Operation(
        "get",
        "/startupz",
        "200 once every model has answered",
        _RUN,
        "Status",
        error="Status",
        codes=(503,),
    ),
    Operation(
        "get", "/readyz", "200 when traffic may come", _RUN, "Status", error="Status", codes=(503,)
    ),
    Operation("get", "/metrics", "Counts and times for Prometheus", _RUN, text=True),
    Operation(
        "get",
        "/monitoring/prometheus/metrics",
        "The same, where TensorFlow Serving has it",
        _RUN,
        text=True,
    ),
    Operation("get", "/openapi.json", "This document", _RUN, "OpenApi"),
)
