"""HTTP/2 below gRPC: RFC 7541's own examples, frames that break RFC 9113 or carry nothing, and
windows that are smaller than a reply.
"""

import asyncio
import gzip
import socket
import struct

import grpc
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keramos.serving.core.routes import Context
from keramos.serving.http2 import frames as h2
from keramos.serving.http2.hpack import MAX_LIST_BYTES, Decoder, HpackError, encode
from keramos.serving.http2.huffman import decoded
from keramos.serving.protocols.oip.messages import M as OIP
from keramos.serving.registry.registry import ModelRegistry
from support.grpc_servers import running
from support.served_models import matrix_model, matrix_rows

DRAWN = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
LIVE = "/inference.GRPCInferenceService/ServerLive"
CALL = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", LIVE.encode()),
    (b":authority", b"a"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
]
EMPTY = bytes(5)
"""A message without fields, in its frame."""


@pytest.fixture(scope="module")
def server():
    registry = ModelRegistry()
    registry.add("matrix", 1, matrix_model())
    with running(Context(registry), request_timeout=1.0, max_message_bytes=1 << 20) as server:
        yield server


@pytest.fixture(autouse=True)
def still_there(request):
    """After each test the server answers as before."""
    yield
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        with grpc.insecure_channel(server.address) as channel:
            assert channel.unary_unary(LIVE)(b"", timeout=20) == b"\x08\x01"


class Client:
    """A client that says what it likes; ``frames`` are what the server said."""

    def __init__(self, server, settings=b""):
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self._stream = self._socket.makefile("rb")
        self.send(h2.PREFACE, h2.frame(h2.SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()
        self._socket.close()

    def send(self, *frames):
        self._socket.sendall(b"".join(frames))

    def finish(self):
        self._socket.shutdown(socket.SHUT_WR)

    def call(self, stream, body=EMPTY, fields=CALL):
        self.send(
            h2.frame(h2.HEADERS, h2.END_HEADERS, stream, encode(fields)),
            h2.frame(h2.DATA, h2.END_STREAM, stream, body),
        )

    def frames(self):
        """Frames, until the server closes."""
        while head := self._stream.read(h2.HEAD_BYTES):
            high, low, kind, flags, number = h2.HEAD.unpack(head)
            yield kind, flags, number, self._stream.read(high << 8 | low)

    def until(self, kind, number=0):
        """The content of the first frame of a kind at a stream, and all data before it."""
        data = b""
        for found, flags, at, content in self.frames():
            if (found, at) == (kind, number) and (kind != h2.HEADERS or flags & h2.END_STREAM):
                return content, data
            data += content if found == h2.DATA else b""
        raise AssertionError("the server closed the connection")

    def fault(self):
        """The code of the GOAWAY that ends the connection."""
        content, _ = self.until(h2.GOAWAY)
        assert not list(self.frames())
        return int.from_bytes(content[4:8])


REQUESTS = [  # RFC 7541, C.3 and C.4: plain, in the Huffman code, fields
    (
        "828684410f7777772e6578616d706c652e636f6d",
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "GET http / www.example.com",
    ),
    (
        "828684be58086e6f2d6361636865",
        "828684be5886a8eb10649cbf",
        "GET http / www.example.com no-cache",
    ),
    (
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        "GET https /index.html www.example.com custom-value",
    ),
]


@pytest.mark.parametrize("form", [0, 1], ids=["plain", "Huffman"])
def test_the_examples_of_the_standard_are_read(form):
    decoder = Decoder()
    for row in REQUESTS:
        fields = decoder.decode(bytes.fromhex(row[form]))
        assert " ".join(value.decode() for _, value in fields) == row[2]


def test_old_fields_leave_the_table_when_it_is_full():
    decoder = Decoder()
    block = b"@" + encode([(b"x", b"v" * 2000)])[1:]  # with incremental indexing
    for _ in range(4):
        assert decoder.decode(block) == ((b"x", b"v" * 2000),)
    assert decoder.decode(b"\xbf") == ((b"x", b"v" * 2000),)
    with pytest.raises(HpackError):
        decoder.decode(b"\xc1")  # two fit


@DRAWN
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=300), st.binary(max_size=300))))
def test_what_is_encoded_is_read_back(fields):
    read = Decoder().decode(encode(fields))
    size = sum(len(name) + len(value) + 32 for name, value in fields)
    assert read == (tuple(fields) if size <= MAX_LIST_BYTES else None)


@DRAWN
@given(st.binary(max_size=40))
def test_any_bytes_are_a_block_of_headers_or_refused(block):
    decoder = Decoder()
    try:
        first = decoder.decode(block)
    except HpackError:
        return
    assert first is None or all(isinstance(name, bytes) for name, _ in first)


def test_the_huffman_code_ends_in_ones_and_nothing_more():
    assert decoded(bytes.fromhex("f1e3c2e5f23a6ba0ab90f4ff")) == b"www.example.com"
    assert decoded(b"\xff") is None  # eight bits of padding
    assert decoded(b"\x18") is None  # padding of zeros
    assert decoded(b"\xff\xff\xff\xfc") is None  # the end of a text within it


HEADERS = h2.frame(h2.HEADERS, h2.END_HEADERS, 1, encode(CALL))
FAULTS = {
    "no preface": ([b"GET / HTTP/1.1\r\n\r\n"], h2.PROTOCOL_ERROR),
    "a frame too large": ([h2.HEAD.pack(64, 1, 0, 0, 1)], h2.FRAME_SIZE_ERROR),
    "data of no stream": ([h2.frame(h2.DATA, 0, 1, b"x")], h2.PROTOCOL_ERROR),
    "an even stream": ([h2.frame(h2.HEADERS, 4, 2, encode(CALL))], h2.PROTOCOL_ERROR),
    "an old stream": (
        [
            h2.frame(h2.HEADERS, 5, 3, encode(CALL)),
            h2.frame(h2.HEADERS, 5, 1, encode(CALL)),
        ],
        h2.STREAM_CLOSED,
    ),
    "headers that are not": ([h2.frame(h2.HEADERS, 4, 1, b"\xff\xff")], h2.COMPRESSION_ERROR),
    "a block with a gap": (
        [h2.frame(h2.HEADERS, 0, 1, encode(CALL)), h2.frame(h2.PING, 0, 0, bytes(8))],
        h2.PROTOCOL_ERROR,
    ),
    "a continuation of nothing": ([h2.frame(h2.CONTINUATION, 4, 1, b"")], h2.PROTOCOL_ERROR),
    "endless headers": (
        [h2.frame(h2.HEADERS, 0, 1), *[h2.frame(h2.CONTINUATION, 0, 1, bytes(16384))] * 3],
        h2.ENHANCE_YOUR_CALM,
    ),
    "endless empty headers": (
        [h2.frame(h2.HEADERS, 0, 1), *[h2.frame(h2.CONTINUATION, 0, 1)] * 1100],
        h2.ENHANCE_YOUR_CALM,
    ),
    "a short ping": ([h2.frame(h2.PING, 0, 0, b"x")], h2.FRAME_SIZE_ERROR),
    "a push": ([h2.frame(h2.PUSH_PROMISE, 4, 1, bytes(4))], h2.PROTOCOL_ERROR),
    "a window of nothing": ([h2.window_update(0, 0)], h2.PROTOCOL_ERROR),
    "a window too large": ([h2.window_update(0, h2.MAX_WINDOW)], h2.FLOW_CONTROL_ERROR),
    "settings of a stream": ([h2.frame(h2.SETTINGS, 0, 1)], h2.PROTOCOL_ERROR),
    "settings of a wrong size": ([h2.frame(h2.SETTINGS, 0, 0, b"abc")], h2.FRAME_SIZE_ERROR),
    "more padding than data": (
        [HEADERS, h2.frame(h2.DATA, h2.PADDED, 1, b"\x09ab")],
        h2.PROTOCOL_ERROR,
    ),
    "pings": ([h2.frame(h2.PING, 0, 0, bytes(8))] * 1100, h2.ENHANCE_YOUR_CALM),
    "settings": ([h2.frame(h2.SETTINGS, 0, 0)] * 1100, h2.ENHANCE_YOUR_CALM),
    "empty data": ([HEADERS, *[h2.frame(h2.DATA, 0, 1)] * 1100], h2.ENHANCE_YOUR_CALM),
    "unknown frames": ([h2.frame(77, 0, 0)] * 1100, h2.ENHANCE_YOUR_CALM),
    "streams that are reset": (
        [
            frame
            for number in range(1, 2300, 2)
            for frame in (
                h2.frame(h2.HEADERS, h2.END_HEADERS, number, encode(CALL)),
                h2.reset(number, h2.CANCEL),
            )
        ],
        h2.ENHANCE_YOUR_CALM,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_client_that_breaks_the_protocol_is_told_how_and_sent_away(server, name):
    sent, code = FAULTS[name]
    if name == "no preface":
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
            plain.sendall(sent[0])
            received = b""
            while part := plain.recv(4096):
                received += part
        assert struct.pack(">I", code) in received
        return
    with Client(server) as client:
        client.send(*sent)
        assert client.fault() == code


FRAMES = st.builds(
    h2.frame,
    st.integers(0, 10),
    st.sampled_from([0, 1, 4, 5, 8, 13, 32, 45, 255]),
    st.sampled_from([0, 1, 1, 3, 2, 5, h2.MAX_WINDOW]),
    st.binary(max_size=30)
    | st.sampled_from([encode(CALL), EMPTY, bytes(4), bytes(8), b"\0\0\0\1", b"\0\0\0\0\x14"]),
)


@DRAWN
@given(st.lists(FRAMES | st.binary(max_size=30), max_size=12))
def test_any_frames_leave_the_server_as_it_was(server, frames):
    with Client(server) as client:
        client.send(*frames)
        client.finish()
        for _ in client.frames():
            pass


def test_a_reply_waits_for_the_clients_windows(server):
    rows = np.repeat(matrix_rows(1), 2000, axis=0)
    request = OIP["ModelInferRequest"](model_name="matrix", raw_input_contents=[rows.tobytes()])
    request.inputs.add(name="features", datatype="FP32", shape=rows.shape)
    message = request.SerializeToString()
    path = (b":path", b"/inference.GRPCInferenceService/ModelInfer")
    fields = [path if name == b":path" else (name, value) for name, value in CALL]
    body = b"\0" + len(message).to_bytes(4) + message
    with Client(server, struct.pack(">HI", h2.INITIAL_WINDOW, 1000)) as client:
        client.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 1, encode(fields)))
        for at in range(0, len(body), 16384):
            last = at + 16384 >= len(body)
            client.send(h2.frame(h2.DATA, int(last), 1, body[at : at + 16384]))
        reply = bytearray()
        for kind, flags, number, content in client.frames():
            if kind == h2.DATA:
                assert len(content) <= 1000
                reply += content
                client.send(h2.window_update(1, len(content)), h2.window_update(0, len(content)))
            elif (kind, number) == (h2.HEADERS, 1) and flags & h2.END_STREAM:
                break
    answer = OIP["ModelInferResponse"].FromString(bytes(reply[5:])).raw_output_contents[0]
    wanted = np.float32(matrix_model().predict(rows))
    np.testing.assert_allclose(
        np.frombuffer(answer, "<f4").reshape(wanted.shape), wanted, atol=1e-6
    )


BODIES = {
    "nothing": (b"", "3"),
    "half a prefix": (b"\0\0", "3"),
    "half a message": (b"\0\0\0\0\x09abc", "3"),
    "two messages": (EMPTY * 2, "3"),
    "a coding that was not said": (b"\1\0\0\0\1x", "3"),
    "an odd mark": (b"\7\0\0\0\0", "3"),
    "too large": (b"\0\0\x20\0\0" + bytes(100), "3"),
    "a message": (EMPTY, "0"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_one_whole_message_or_refused_by_name(server, name):
    body, status = BODIES[name]
    with Client(server) as client:
        client.call(1, body)
        content, _ = client.until(h2.HEADERS, 1)
        assert dict(Decoder().decode(content))[b"grpc-status"] == status.encode()


def with_field(name, value):
    return [*(field for field in CALL if field[0] != name), (name, value)]


HEADS = {
    "an unknown method": (with_field(b":path", b"/a/B"), b"grpc-status", b"12"),
    "an unknown coding": (with_field(b"grpc-encoding", b"br"), b"grpc-status", b"12"),
    "another type": (with_field(b"content-type", b"text/html"), b":status", b"415"),
    "another verb": (with_field(b":method", b"GET"), b"grpc-status", b"12"),
    "two paths": ([*CALL, (b":path", b"/x")], b"grpc-status", b"12"),
}


@pytest.mark.parametrize("name", HEADS)
def test_headers_that_ask_for_nothing_here_are_refused(server, name):
    fields, key, value = HEADS[name]
    with Client(server) as client:
        client.call(1, fields=fields)
        content, _ = client.until(h2.HEADERS, 1)
        assert dict(Decoder().decode(content))[key] == value


def test_headers_beyond_the_limit_end_their_stream_alone(server):
    with Client(server) as client:
        client.call(1, fields=[*CALL, *[(b"x", b"y" * 4000)] * 4])
        content, _ = client.until(h2.RST_STREAM, 1)
        assert int.from_bytes(content) == h2.ENHANCE_YOUR_CALM
        client.call(3)
        client.until(h2.HEADERS, 3)


def test_a_message_that_does_not_arrive_is_given_up(server):
    with Client(server) as client:
        client.send(HEADERS, h2.frame(h2.DATA, 0, 1, b"\0\0\0\0\x09abc"))
        content, _ = client.until(h2.HEADERS, 1)
        assert dict(Decoder().decode(content))[b"grpc-status"] == b"14"


def test_compressed_messages_are_read_and_bombs_are_refused(server):
    bomb = gzip.compress(bytes(10 << 20))
    with Client(server) as client:
        for number, packed, status in ((1, gzip.compress(b""), b"0"), (3, bomb, b"8")):
            body = b"\1" + len(packed).to_bytes(4) + packed
            client.call(number, body, with_field(b"grpc-encoding", b"gzip"))
            content, _ = client.until(h2.HEADERS, number)
            assert dict(Decoder().decode(content))[b"grpc-status"] == status


def test_a_stopping_server_answers_what_was_sent_before_its_client_knew():
    registry = ModelRegistry()
    registry.add("matrix", 1, matrix_model())
    with running(Context(registry)) as server, Client(server) as client:
        client.call(1)
        client.until(h2.HEADERS, 1)
        ending = asyncio.run_coroutine_threadsafe(server.server.stop(20), server.loop)
        goodbye, _ = client.until(h2.GOAWAY)
        assert int.from_bytes(goodbye[:4]) == h2.LAST_STREAM
        ping, _ = client.until(h2.PING)
        client.call(3)  # on the way when the server said that it goes
        client.send(h2.frame(h2.PING, h2.ACK, 0, ping))
        client.call(5)  # too late
        seen = list(client.frames())
        ending.result(20)
    assert any((kind, number) == (h2.HEADERS, 3) for kind, _, number, _ in seen)
    (last,) = [int.from_bytes(content[:4]) for kind, _, _, content in seen if kind == h2.GOAWAY]
    assert last == 3
    assert not any(number == 5 for _, _, number, _ in seen)
