"""Conformance of serving protocols: subclass a suite, say how the protocol asks, and every promise
of the server is tested for it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import cache

import grpc
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from keramos.serving.core.auth import Access
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.openapi.document import document
from keramos.serving.registry.registry import ModelRegistry
from support.grpc_servers import running
from support.served_models import matrix_model, matrix_rows

MODEL, MAX_ROWS, MAX_BODY, KEY = "matrix", 50, 1 << 16, "secret"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)
DRAWN = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def registry():
    made = ModelRegistry()
    made.add(MODEL, 1, matrix_model())
    return made


def expected(rows):
    """What the model itself answers, one list a row."""
    return registry().run(registry().all_served()[0], {"features": rows})[0]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def ask(app, method, path, body=b"", headers=()):
    """One request to an ASGI application."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    pairs = {"content-type": "application/json", **dict(headers)}
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": data, "more_body": False}

    async def send(event):
        sent.append(event)

    asyncio.run(app(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], found, sent[1]["body"])


class HttpProtocolSuite:
    """What every protocol over HTTP promises. Subclasses define ``routes`` (all of the server's),
    ``own`` (the protocol's), ``infer``, and how bodies are written and read.
    """

    routes: tuple = ()
    own: tuple = ()
    infer = ""
    unknown = ""
    described = ("GET", "")

    def body(self, rows):
        """A request for some rows."""
        raise NotImplementedError

    def outputs(self, reply):
        """The answer of each row, from the JSON of a reply."""
        raise NotImplementedError

    def wrong(self):
        """Name -> a body that is refused: wrong shape, type or name, no rows."""
        raise NotImplementedError

    def error(self, reply):
        """The message, from the JSON of a refusal."""
        return reply["error"]

    def app(self, keys=()):
        context = Context(registry(), max_rows=MAX_ROWS)
        return App(context, self.routes, Access(keys), max_body_bytes=MAX_BODY)

    def refused(self, reply, status):
        assert reply.status == status, reply.body
        assert self.error(reply.json())

    @pytest.mark.parametrize("count", [1, 3])
    def test_the_answer_is_the_models(self, count):
        rows = matrix_rows(count)
        reply = ask(self.app(), "POST", self.infer, self.body(rows))
        assert reply.status == 200, reply.body
        np.testing.assert_allclose(self.outputs(reply.json()), expected(rows), atol=1e-6)

    def test_no_rows_are_a_request_with_no_answers(self):
        reply = ask(self.app(), "POST", self.infer, self.body(matrix_rows(0)))
        assert reply.status == 200, reply.body
        assert len(self.outputs(reply.json())) == 0

    def test_models_are_described(self):
        method, path = self.described
        reply = ask(self.app(), method, path)
        assert reply.status == 200
        assert MODEL in reply.body.decode()

    def test_a_wrong_body_is_refused_in_the_protocols_form(self):
        for name, body in self.wrong().items():
            reply = ask(self.app(), "POST", self.infer, body)
            assert reply.status == 400, (name, reply.body)
            assert self.error(reply.json()), name

    def test_what_is_not_json_is_refused(self):
        for body in (b"", b"{", b"\xff\xfe", b"[" * 5000):
            self.refused(ask(self.app(), "POST", self.infer, body), 400)

    def test_more_rows_or_bytes_than_the_limits_are_refused(self):
        rows = np.repeat(matrix_rows(1), MAX_ROWS + 1, axis=0)
        self.refused(ask(self.app(), "POST", self.infer, self.body(rows)), 400)
        self.refused(ask(self.app(), "POST", self.infer, b" " * (MAX_BODY + 1)), 413)

    def test_an_unknown_model_is_not_found(self):
        if self.unknown:
            self.refused(ask(self.app(), "POST", self.unknown, self.body(matrix_rows(1))), 404)

    def test_another_method_is_refused_and_told_which_is_allowed(self):
        reply = ask(self.app(), "PUT", self.infer)
        assert reply.status in (400, 405)
        assert reply.headers["allow"] == "POST"

    def test_with_keys_a_request_needs_one(self):
        app, body = self.app([KEY]), self.body(matrix_rows(1))
        assert ask(app, "POST", self.infer, body).status == 401
        assert ask(app, "POST", self.infer, body, {"x-api-key": KEY}).status == 200

    def test_odd_structures_are_never_a_fault_of_the_server(self):
        app, good = self.app(), self.body(matrix_rows(2))

        @DRAWN
        @given(JSON, st.sampled_from(["", *good]))
        def check(odd, key):
            body = {**good, key: odd} if key else odd
            assert ask(app, "POST", self.infer, body).status < 500

        check()

    def test_the_openapi_document_describes_every_route_and_its_examples_are_answered(self):
        made = document(Context(registry()), self.routes)
        paths = made["paths"]
        for route in self.own:
            found = [
                (path, item[route.method.lower()])
                for path, item in paths.items()
                if route.method.lower() in item
                and route.pattern.fullmatch(path.replace("{version}", "1"))
            ]
            assert found or not route.offered(registry().all_served()[0]), route.path
            for path, operation in found:
                self._check_examples(made, path, operation)

    def _check_examples(self, made, path, operation):
        media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in media.get("examples", {}).values():
            reply = ask(self.app(), "POST", path.replace("{version}", "1"), example["value"])
            assert reply.status == 200, (path, reply.body)
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            whole = {**schema, "components": made["components"]}
            Draft202012Validator(whole).validate(reply.json())


@pytest.fixture(scope="module", name="channel")
def open_channel():
    """A channel to a server with every service; test modules import it."""
    with (
        running(Context(registry(), max_rows=MAX_ROWS), max_message_bytes=MAX_BODY) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        yield channel


class GrpcProtocolSuite:
    """What every gRPC service promises. Subclasses define the method, its messages, and how they
    are written and read.
    """

    method = ""
    described = ""

    def request(self, rows, model=MODEL):
        """A message that asks for some rows."""
        raise NotImplementedError

    def description_request(self, model=MODEL):
        """A message that asks what a model is."""
        raise NotImplementedError

    def outputs(self, data):
        """The answer of each row, from the bytes of a reply."""
        raise NotImplementedError

    def wrong(self):
        """Name -> a message that is refused."""
        raise NotImplementedError

    @pytest.fixture
    def call(self, channel):
        return lambda data, method=self.method: channel.unary_unary(method)(data, timeout=20)

    def code(self, call, data, **options):
        with pytest.raises(grpc.RpcError) as raised:
            call(data, **options)
        return raised.value.code().name

    @pytest.mark.parametrize("count", [1, 3])
    def test_the_answer_is_the_models(self, call, count):
        rows = matrix_rows(count)
        found = self.outputs(call(self.request(rows).SerializeToString()))
        np.testing.assert_allclose(found, expected(rows), atol=1e-6)

    def test_no_rows_are_a_request_with_no_answers(self, call):
        found = self.outputs(call(self.request(matrix_rows(0)).SerializeToString()))
        assert found.shape == expected(matrix_rows(0)).shape

    def test_models_are_described(self, call):
        data = self.description_request().SerializeToString()
        assert MODEL.encode() in call(data, method=self.described)

    def test_a_wrong_message_is_an_invalid_argument(self, call):
        for name, message in self.wrong().items():
            assert self.code(call, message.SerializeToString()) == "INVALID_ARGUMENT", name

    def test_an_unknown_model_is_not_found(self, call):
        data = self.request(matrix_rows(1), model="nobody").SerializeToString()
        assert self.code(call, data) == "NOT_FOUND"

    def test_more_rows_or_bytes_than_the_limits_are_refused(self, call):
        rows = np.repeat(matrix_rows(1), MAX_ROWS + 1, axis=0)
        assert self.code(call, self.request(rows).SerializeToString()) == "INVALID_ARGUMENT"
        assert self.code(call, bytes(MAX_BODY + 1)) == "RESOURCE_EXHAUSTED"

    def test_odd_bytes_are_never_a_fault_of_the_server(self, call):
        good = self.request(matrix_rows(1)).SerializeToString()

        @DRAWN
        @given(st.binary(max_size=20), st.integers(0, len(good)))
        def check(odd, at):
            for data in (odd, good[:at] + odd + good[at:]):
                try:
                    call(data)
                except grpc.RpcError as error:
                    assert error.code().name not in {"INTERNAL", "UNKNOWN"}, error.details()  # noqa: PT017 (a reply is right too)

        check()

    def test_with_keys_a_call_needs_one(self):
        access = Access([KEY])
        data = self.request(matrix_rows(1)).SerializeToString()
        with (
            running(Context(registry()), admit=access.admit_raw) as server,
            grpc.insecure_channel(server.address) as channel,
        ):
            call = channel.unary_unary(self.method)
            assert self.code(call, data, timeout=20) == "UNAUTHENTICATED"
            assert call(data, timeout=20, metadata=(("x-api-key", KEY),))
