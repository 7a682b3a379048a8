"""The Open Inference Protocol on the hot path: what is taken there is answered as on the long way,
to the byte.
"""

import asyncio
import json
import struct

import msgspec
import numpy as np
import pytest
import requests

from keramos.pipeline.load import load
from keramos.serving.assemble import ROUTES
from keramos.serving.batching.rows import PendingRequest, RowBatcher
from keramos.serving.codecs.slots import input_slots
from keramos.serving.core.auth import Access
from keramos.serving.core.messages import Request
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.protocols.oip.tensors import from_raw
from keramos.serving.registry.registry import ModelRegistry
from keramos.types.serving import ModelRef
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import serving

SIZE = "inference-header-content-length"


@pytest.fixture(scope="module")
def plain():
    """What plain Keras saved, with one input and one output."""
    import keras

    x = keras.Input((4,), name="x")
    path = folder() / "dense.keras"
    keras.Model(x, keras.layers.Dense(2, name="two")(x)).save(path)
    return load(path)


@pytest.fixture(scope="module")
def engine(credit_run, plain, tmp_path_factory):
    path = tmp_path_factory.mktemp("oip") / "credit.keras"
    credit_run.save(path)
    engine = ModelRegistry()
    for name, model in {"matrix": matrix_model(), "plain": plain, "credit": load(path)}.items():
        engine.add(name, 1, model)
    return engine


class Client:
    """Waits for replies."""

    def __init__(self):
        self.replies = []

    def reply(self, status, content_type, body, headers):
        self.replies.append((status, content_type, body, tuple(headers)))


@pytest.fixture(scope="module")
def ask(engine):
    """Requests of one tick (URL, body, headers) -> replies of the hot path, those of the long way,
    and runs of the first.
    """
    app = App(Context(engine, max_rows=200), ROUTES, Access())

    def both(*requests):
        client = Client()

        async def tick():
            batch = RowBatcher(engine)
            for url, body, headers in requests:
                pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
                batch.put(PendingRequest(client, app.fast_route(url), url.encode(), body, pairs))
            await asyncio.sleep(0)

        before = runs(engine)
        asyncio.run(tick())
        ran = runs(engine) - before
        return client.replies, [slowly(app, *request) for request in requests], ran

    return both


def slowly(app, url, body, headers):
    reply = app.answer(Request("POST", url, "", headers, body))
    return reply.status, reply.content_type, reply.body, reply.headers


def runs(engine):
    return sum(sum(one.counts.runs.counts) for one in engine.all_served())


def taken(engine, url, body, headers):
    """Whether the hot path reads a body itself."""
    quick = App(Context(engine, max_rows=200), ROUTES, Access()).fast_route(url)
    try:
        return (
            quick.decode(body, [(k.encode(), v.encode()) for k, v in headers.items()]) is not None
        )
    except (msgspec.DecodeError, ValueError):
        return False


def tensor(name, datatype, array, *, binary=False):
    """An input, and the bytes that follow the JSON."""
    head = {"name": name, "shape": list(array.shape), "datatype": datatype}
    if not binary:
        return head | {"data": array.reshape(-1).tolist()}, b""
    if datatype == "BYTES":
        raw = b"".join(
            struct.pack("<I", len(text.encode())) + text.encode() for text in array.reshape(-1)
        )
    else:
        raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return head | {"parameters": {"binary_data_size": len(raw)}}, raw


def request(model, tensors, **more):
    """URL, body and headers."""
    text = json.dumps({"inputs": [head for head, _ in tensors]} | more).encode()
    raw = b"".join(raw for _, raw in tensors)
    return f"/v2/models/{model}/infer", text + raw, {SIZE: str(len(text))} if raw else {}


def credit(engine, rows, *, binary=False, wide=False, column=False):
    from keramos.data.read import as_table
    from keramos.datasets import GERMAN_CREDIT

    table = as_table(GERMAN_CREDIT)
    tensors = []
    for slot in input_slots(engine.get(ModelRef("credit"))):
        kind, dtype = {
            "float32": ("FP64", "float64") if wide else ("FP32", "float32"),
            "int64": ("INT64", "int64"),
            "bool": ("BOOL", "bool"),
            "str": ("BYTES", object),
        }[slot.dtype]
        array = np.array(table.columns[slot.name].values.tolist()[:rows], dtype)
        tensors.append(tensor(slot.name, kind, array[:, None] if column else array, binary=binary))
    return tensors


OUTPUTS = [
    {}, {"id": 'r"1'}, {"parameters": {"binary_data_output": True}}, {"outputs": [{"name": "OUT"}]},
    {"outputs": [{"name": "OUT", "parameters": {"binary_data": True}}], "id": ""},
    {"outputs": [{"name": "OUT", "parameters": {"binary_data": False}}],
    "parameters": {"binary_data_output": True}},
]  # fmt: skip


def asked(engine, model, more):
    """What is asked for, with the output's own name."""
    name = engine.get(ModelRef(model)).model.outputs[0].name
    return json.loads(json.dumps(more).replace("OUT", name))


@pytest.mark.parametrize("more", OUTPUTS)
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("model", ["matrix", "plain", "credit"])
def test_both_ways_give_the_same_bytes(engine, ask, model, binary, more):
    name = engine.get(ModelRef(model)).model.inputs[0].name
    for rows in (1, 3, 100):
        if model == "credit":
            tensors = credit(engine, rows, binary=binary, wide=rows == 3, column=rows == 100)
        else:
            tensors = [tensor(name, "FP32", matrix_rows(rows), binary=binary)]
        sent = request(model, tensors, **asked(engine, model, more))
        (quick,), (slow,), _ = ask(sent)

        assert taken(engine, *sent)
        assert quick == slow
        assert quick[0] == 200


def test_a_matrix_may_come_as_columns_in_any_order(engine, ask):
    rows = matrix_rows(4)
    tensors = [
        tensor(name, "FP32", rows[:, place], binary=place == 2) for place, name in enumerate("abcd")
    ][::-1]
    sent = request("matrix", tensors)
    (quick,), (slow,), _ = ask(sent)

    assert taken(engine, *sent)
    assert quick == slow


def broken():
    good, raw = tensor("NAME", "FP32", matrix_rows(1), binary=True)
    listed, _ = tensor("NAME", "FP32", matrix_rows(1))
    body = json.dumps({"inputs": [good]}).encode()
    nan = struct.pack("<4f", 1, float("nan"), 2, 3)
    huge = struct.pack("<4f", 1, float("inf"), 2, 3)
    yield "no inputs", b'{"inputs":[]}', {}
    yield "no object", b"[1]", {}
    yield "no JSON", b"{", {}
    yield "more after the JSON", json.dumps({"inputs": [listed]}).encode() + b" x", {}
    yield "size of the JSON is nothing", body + raw, {SIZE: "x"}
    yield "size of the JSON is too large", body + raw, {SIZE: str(len(body + raw) + 1)}
    yield "size of the JSON has thousands of digits", body + raw, {SIZE: "1" * 5000}
    yield "raw body", raw, {SIZE: "0"}
    yield "binary data is cut", body + raw[:-1], {SIZE: str(len(body))}
    yield "binary data is too long", body + raw + b"1", {SIZE: str(len(body))}
    yield "binary NaN", body + nan, {SIZE: str(len(body))}
    yield "binary Infinity", body + huge, {SIZE: str(len(body))}
    changes = {
        "nested": {"data": [[1, 2, 3, 4]]}, "null": {"data": [1, None, 2, 3]},
        "text": {"data": ["1", 2, 3, 4]},
        "truth": {"data": [True, 2, 3, 4]},
        "too large": {"data": [1e39, 2, 3, 4]}, "beyond": {"data": [2**70, 2, 3, 4]},
        "near the limit": {"data": [2.0**126 * (1 - 2**-30), 2, 3, 4]},
        "other type": {"datatype": "INT32", "data": [1, 2, 3, 4]},
        "no type": {"datatype": "FP33"}, "other name": {"name": "nobody"}, "too few": {"data": [1,
        2, 3]},
        "other shape": {"shape": [4]}, "turned": {"shape": [4, 1]}, "no rows": {"shape": [0, 4],
        "data": []},
        "negative": {"shape": [-1, 4]}, "broken size": {"shape": [1.0, 4]},
        "extra key": {"content_type": "np"},
        "data and size": {"parameters": {"binary_data_size": 16}},
        "strange parameter": {"parameters": {"x": 1}},
        "negative size": {"parameters": {"binary_data_size": -1}}, "ints": {"data": [1, 2, 3, 4]},
    }  # fmt: skip
    for why, change in changes.items():
        yield why, json.dumps({"inputs": [listed | change]}).encode(), {}
    tops = {
        "twice": {"inputs": [listed, listed]}, "id is a number": {"id": 3},
        "id is null": {"id": None},
        "no outputs": {"outputs": []}, "unknown output": {"outputs": [{"name": "nobody"}]},
        "classes": {"outputs": [{"name": "OUT", "parameters": {"classification": 1}}]},
        "priority": {"parameters": {"priority": 1}},
        "output twice": {"outputs": [{"name": "OUT"}, {"name": "OUT"}]},
        "form is text": {"parameters": {"binary_data_output": "yes"}},
        "too many rows": {"inputs": [tensor("NAME", "FP32", matrix_rows(201))[0]]},
    }  # fmt: skip
    for why, top in tops.items():
        yield why, json.dumps({"inputs": [listed]} | top).encode(), {}


@pytest.mark.parametrize(
    ("body", "headers"), [pytest.param(body, headers, id=why) for why, body, headers in broken()]
)
@pytest.mark.parametrize("model", ["matrix", "plain"])
def test_what_is_odd_is_answered_as_on_the_long_way(engine, ask, model, body, headers):
    found = engine.get(ModelRef(model)).model
    name, output = found.inputs[0].name.encode(), found.outputs[0].name.encode()
    filled = body.replace(b"NAME", name).replace(b"OUT", output)
    if headers.get(SIZE, "").isdigit() and len(headers[SIZE]) < 9 and headers[SIZE] != "0":
        headers = {SIZE: str(int(headers[SIZE]) + len(filled) - len(body))}
    (quick,), (slow,), _ = ask((f"/v2/models/{model}/infer", filled, headers))

    assert quick == slow
    assert quick[0] < 500


@pytest.mark.parametrize(
    "change",
    [
        {"data": ["no such category"]}, {"data": [3]}, {"data": [None]}, {"data": [1.5]},
        {"data": [True]},
        {"shape": []}, {"data": []}, {"name": "nobody"}, {"datatype": "FP32"},
        {"datatype": "BYTES"},
        {"data": [{"b64": "YQ=="}]},
        {"data": [2.0**126 * (1 - 2**-30)]}, {"data": [1e300]}, {"data": [""]}, {"shape": [1, 1,
        1]},
    ],
)  # fmt: skip
def test_odd_cells_of_a_column_are_answered_as_on_the_long_way(engine, ask, change):
    heads = [head for head, _ in credit(engine, 1)]
    for place in range(len(heads)):
        changed = [head | change if at == place else head for at, head in enumerate(heads)]
        (quick,), (slow,), _ = ask(
            ("/v2/models/credit/infer", json.dumps({"inputs": changed}).encode(), {})
        )

        assert quick == slow
        assert quick[0] < 500


def test_binary_texts_that_are_cut_or_no_utf8_are_answered_as_on_the_long_way(engine, ask):
    for bad in (b"\x02\0\0\0\xff\xfe", b"\x09\0\0\0ab", b"\x01\0", b""):
        tensors = credit(engine, 1, binary=True)
        place = next(at for at, (head, _) in enumerate(tensors) if head["datatype"] == "BYTES")
        tensors[place] = (tensors[place][0] | {"parameters": {"binary_data_size": len(bad)}}, bad)
        (quick,), (slow,), _ = ask(request("credit", tensors))

        assert quick == slow
        assert quick[0] == 400


def test_requests_of_one_tick_share_one_run_over_protocols_and_forms(engine, ask):
    name = matrix_model().inputs[0].name
    served = engine.get(ModelRef("matrix"))
    rows = [matrix_rows(count) for count in (1, 2, 3)]
    before = served.counts.rows
    sent = [
        request("matrix", [tensor(name, "FP32", rows[0])]),
        request(
            "matrix",
            [tensor(name, "FP32", rows[1], binary=True)],
            parameters={"binary_data_output": True},
        ),
        (
            "/v2/models/matrix/versions/1/infer",
            *request("matrix", [tensor(name, "FP32", rows[2], binary=True)])[1:],
        ),
        ("/v1/models/matrix:predict", json.dumps({"instances": rows[0].tolist()}).encode(), {}),
        ("/v2/models/matrix/infer", b'{"inputs":[]}', {}),
    ]
    quick, slow, ran = ask(*sent)

    assert ran == 1
    assert served.counts.rows - before == 2 * (1 + 2 + 3 + 1)
    assert [reply[0] for reply in quick] == [200, 200, 200, 200, 400]
    assert [len(reply[2]) for reply in quick] == [len(reply[2]) for reply in slow]
    wanted = matrix_model().predict(rows[1])
    raw = quick[1][2][int(dict(quick[1][3])[SIZE]) :]
    assert np.allclose(np.frombuffer(raw, "<f4").reshape(wanted.shape), wanted, atol=1e-6)


@pytest.mark.parametrize(
    "url", ["/v1/models/matrix:predict", "/models/matrix/decide", "/v2/models/matrix/infer"]
)
def test_the_limit_of_rows_holds_on_the_hot_path(engine, ask, url):
    for count, status in ((200, 200), (201, 400)):
        rows = matrix_rows(count)
        listed = tensor(matrix_model().inputs[0].name, "FP32", rows)[0]
        key, given = {"/v1": ("instances", rows.tolist()), "/mo": ("rows", rows.tolist())}.get(
            url[:3], ("inputs", [listed])
        )
        (quick,), (slow,), _ = ask((url, json.dumps({key: given}).encode(), {}))

        assert quick[0] == slow[0] == status


def test_each_request_is_counted_once_on_both_ways(engine, ask):
    name = matrix_model().inputs[0].name
    counts = engine.get(ModelRef("matrix")).counts
    before = dict(counts.outcomes())
    sent = [
        request(
            "matrix",
            [tensor(name, "FP32", matrix_rows(1), binary=True)],
            parameters={"binary_data_output": form},
        )
        for form in (False, True)
    ]
    ask(*sent, ("/v2/models/matrix/infer", b"{", {}))

    after = counts.outcomes()
    assert after["OK"] - before["OK"] == 2 * 2
    assert after["INVALID_ARGUMENT"] - before.get("INVALID_ARGUMENT", 0) == 2 * 1


def test_a_server_gives_the_same_reply_to_a_body_with_a_length_and_to_one_in_chunks():
    name = matrix_model().inputs[0].name
    with serving(folder() / "matrix.keras") as server:
        for binary in (False, True):
            tensors = [tensor(name, "FP32", matrix_rows(2), binary=binary)]
            url, body, headers = request(
                "matrix", tensors, parameters={"binary_data_output": binary}
            )
            quick = server.post(url, body, headers=headers)
            slow = requests.post(
                server.url(url), data=iter([body[:10], body[10:]]), headers=headers, timeout=30
            )

            assert quick.status_code == slow.status_code == 200
            assert quick.content == slow.content
            for key in ("content-type", "content-length", SIZE):
                assert quick.headers.get(key) == slow.headers.get(key)


def classes_of(app, engine, model, count, *, binary=False, rows=3):
    """The reply for the ``count`` best classes of a model's output."""
    found = engine.get(ModelRef(model)).model
    parameters = {"classification": count, "binary_data": binary}
    body = {
        "inputs": [tensor(found.inputs[0].name, "FP32", matrix_rows(rows))[0]],
        "outputs": [{"name": found.outputs[0].name, "parameters": parameters}],
    }
    return app.answer(Request("POST", f"/v2/models/{model}/infer", body=json.dumps(body).encode()))


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_best_classes_over_http_are_value_index_and_label(engine, count, binary):
    app = App(Context(engine, max_rows=200), ROUTES, Access())
    reply = classes_of(app, engine, "matrix", count, binary=binary)
    head = dict(reply.headers).get(SIZE)
    found = json.loads(reply.body[: int(head)] if head else reply.body)["outputs"][0]
    model = engine.get(ModelRef("matrix")).model
    scores = model.predict(matrix_rows(3))
    texts = (
        [cell.decode() for cell in from_raw("", reply.body[int(head) :], "str")]
        if binary
        else found["data"]
    )

    shown = min(count, 3)
    assert (found["datatype"], found["shape"]) == ("BYTES", [3, shown])
    for row, line in enumerate(np.array(texts, object).reshape(3, shown)):
        order = np.argsort(-scores[row])[:shown]
        labels = [model.content.rule.labels[index] for index in order]
        assert [text.split(":")[1:] for text in line] == [
            [str(index), label] for index, label in zip(order, labels, strict=True)
        ]
        values = [float(text.split(":")[0]) for text in line]
        assert values == pytest.approx(list(scores[row][order]), abs=1e-6)


@pytest.mark.parametrize("count", [-1, 1.0, "2", True, None, [1], 2**63, 10**400])
def test_a_count_of_classes_that_is_not_a_whole_number_is_refused(engine, count):
    app = App(Context(engine, max_rows=200), ROUTES, Access())
    reply = classes_of(app, engine, "matrix", count)

    assert reply.status == 400
    assert b"classification" in reply.body


def test_a_count_of_zero_classes_asks_for_the_numbers(engine):
    app = App(Context(engine, max_rows=200), ROUTES, Access())

    assert b'"FP32"' in classes_of(app, engine, "matrix", 0).body
