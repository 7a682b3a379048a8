"""A protocol from outside the package: OpenAI's embeddings, in one file, added by one argument."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from keramos.errors import RequestError
from keramos.serving.assemble import PROTOCOLS, routes_of
from keramos.serving.codecs.json_rows import instance_feeds
from keramos.serving.core.bodies import BODY_ERRORS
from keramos.serving.core.messages import json_reply
from keramos.serving.core.routes import Route
from keramos.types.serving import ModelRef
from support.protocol_suites import MODEL, HttpProtocolSuite
from support.served_models import matrix_rows

if TYPE_CHECKING:
    import re

    from keramos.serving.core.messages import Reply, Request
    from keramos.serving.core.routes import Context, Refusal


class EmbeddingsRequest(Struct):
    """Rows to embed, and the model that does it."""

    model: str
    input: list[list[float]]


class Embedding(Struct):
    """The output of one row."""

    index: int
    embedding: list[float]
    object: str = "embedding"


class Embeddings(Struct):
    """The outputs of all rows."""

    data: list[Embedding]
    model: str
    object: str = "list"


class ModelCard(Struct):
    """One model."""

    id: str
    object: str = "model"


class ModelList(Struct):
    """Every model."""

    data: list[ModelCard]
    object: str = "list"


class OpenAiError(Struct):
    """What is wrong, in OpenAI's form."""

    error: dict[str, Any]


def refuse(refusal: Refusal) -> Reply:
    error = {"message": refusal.message, "type": refusal.code.lower()}
    return json_reply(OpenAiError(error), refusal.status)


def list_models(context: Context, _: Request, __: re.Match[str]) -> Reply:
    return json_reply(ModelList([ModelCard(name) for name in context.registry.names()]))


def embed(context: Context, request: Request, _: re.Match[str]) -> Reply:
    try:
        body = msgspec.json.decode(request.body, type=EmbeddingsRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(str(error)) from None
    served = context.registry.get(ModelRef(body.model))
    feeds = instance_feeds(served, body.input, context.max_rows)
    outputs = context.registry.run(served, feeds)[0]
    rows = [Embedding(index, row) for index, row in enumerate(outputs.tolist())]
    return json_reply(Embeddings(rows, served.name))


route = partial(Route, refuse=refuse, tag="OpenAI", error=OpenAiError)
OPENAI = (
    route("GET", "/openai/v1/models", list_models, summary="Every model", response=ModelList),
    route(
        "POST",
        "/openai/v1/embeddings",
        embed,
        summary="The first output of each row",
        request=EmbeddingsRequest,
        response=Embeddings,
        statuses=BODY_ERRORS,
    ),
)


class TestOpenAi(HttpProtocolSuite):
    routes, own = routes_of((*PROTOCOLS, OPENAI)), OPENAI
    infer = "/openai/v1/embeddings"
    described = ("GET", "/openai/v1/models")

    def body(self, rows):
        return {"model": MODEL, "input": rows.tolist()}

    def outputs(self, reply):
        return [item["embedding"] for item in reply["data"]]

    def error(self, reply):
        return reply["error"]["message"]

    def wrong(self):
        return {
            "short row": {"model": MODEL, "input": [[1.0]]},
            "text": {"model": MODEL, "input": [["a", "b", "c", "d"]]},
            "no model": {"input": matrix_rows(1).tolist()},
        }
