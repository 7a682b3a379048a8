"""One picture gives one decision by every protocol; forms and bodies of pictures."""

import io
import json
import struct
from base64 import b64encode

import numpy as np
import pytest
from PIL import Image

import keramos
from keramos.datasets import POTS
from keramos.errors import KeramosError, RowError
from keramos.serving.assemble import ROUTES
from keramos.serving.core.memory import RequestMemory
from keramos.serving.core.messages import Request
from keramos.serving.openapi.document import document
from support import tiny_networks
from support import ways_served as ways
from support.raw_models import picture_model, series_model

FORM = 'multipart/form-data; boundary="x y"'
PHOTOS = sorted((POTS / "photos").iterdir())
CUP = PHOTOS[2].read_bytes()
DECIDE, PREDICT, TRACE = "/models/m/decide", "/v1/models/m:predict", "/models/m/trace"


def part(data, name="image", file="a.jpg"):
    head = f'Content-Disposition: form-data; name="{name}"' if name is not None else "X: y"
    head += "" if file is None else f'; filename="{file}"\r\nContent-Type: image/jpeg'
    return b"--x y\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"


def form(*parts):
    return b"".join(parts) + b"--x y--\r\n"


def again(data, name, mode="RGB"):
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).convert(mode).save(buffer, name)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("pots") / "pots.keras"
    picture_model(path)
    return keramos.load(path)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    tiny_networks.texts(folder / "m.h5")
    words = ["order", "where", "is", "my", "thanks", "hello", "bye", "late", "cat"]
    (folder / "tokenizer.json").write_text(tiny_networks.tokenizer(words))
    keramos.attach(
        folder / "m.h5",
        schema={"text": "text"},
        transforms=[folder / "tokenizer.json"],
        settings={"padding": "post", "truncating": "post"},
        labels=["good", "bad"],
    ).save(folder / "whole.keras")
    return keramos.load(folder / "whole.keras")


def reply(model, url, kind, body):
    path, _, query = url.partition("?")
    return ways.server(model).answer(Request("POST", path, query, {"content-type": kind}, body))


def b64(data):
    return {"b64": b64encode(data).decode()}


def _decided(found):
    return found["decisions"][0]["scores"]


def _predicted(found):
    return found["predictions"][0]


def _infer(model, picture, **tensor):
    given = {"name": "image", "shape": [1], "datatype": "BYTES"} | tensor
    head = json.dumps({"inputs": [given]}).encode()
    headers = [(ways.SIZE, str(len(head)))] if "parameters" in tensor else []
    body = head + (_raw(picture) if headers else b"")
    return ways.http(model, ways.INFER, body, headers=headers)["outputs"][0]["data"]


def _raw(data):
    return struct.pack("<I", len(data)) + data


def _infer_raw(model, body):
    request = Request("POST", ways.INFER, "", {ways.SIZE: "0"}, body)
    found = ways.server(model).answer(request)
    assert found.status == 200, found.body
    return np.frombuffer(found.body[int(dict(found.headers)[ways.SIZE]) :], "<f4")


def _infer_grpc(model, data, *, raw):
    message = ways.OIP["ModelInferRequest"](model_name="m")
    tensor = message.inputs.add(name="image", datatype="BYTES", shape=[1, 1])
    if raw:
        message.raw_input_contents.append(_raw(data))
    else:
        tensor.contents.bytes_contents.append(data)
    found = ways.called(model, ways.OIP_SERVICES, "ModelInfer", message)
    if raw:
        return np.frombuffer(found.raw_output_contents[0], "<f4")
    return found.outputs[0].contents.fp32_contents


def _predict_grpc(model, data):
    message = ways.TF["PredictRequest"](model_spec=ways.TF["ModelSpec"](name="m"))
    ways.to_tensor(np.array([data], object), message.inputs["image"])
    (output,) = ways.called(model, ways.TF_SERVICES, "Predict", message).outputs.values()
    return ways.from_tensor("output", output)


def _classify_grpc(model, data):
    message = ways.TF["ClassificationRequest"](model_spec=ways.TF["ModelSpec"](name="m"))
    feature = message.input.example_list.examples.add().features.feature["image"]
    feature.bytes_list.value.append(data)
    found = ways.called(model, ways.TF_SERVICES, "Classify", message)
    return [one.score for one in found.result.classifications[0].classes]


WAYS = {
    "rows": lambda m, d: _decided(ways.http(m, DECIDE, json.dumps([{"image": b64(d)}]).encode())),
    "instances": lambda m, d: _predicted(
        ways.http(m, PREDICT, json.dumps({"instances": [b64(d)]}).encode())
    ),
    "form": lambda m, d: _decided(ways.http(m, DECIDE, form(part(d)), FORM)),
    "form, partial": lambda m, d: _decided(
        ways.http(m, f"{DECIDE}?partial=true", form(part(d)), FORM)
    ),
    "form, traced": lambda m, d: ways.http(m, TRACE, form(part(d)), FORM)["decision"]["scores"],
    "form, predict": lambda m, d: _predicted(ways.http(m, PREDICT, form(part(d)), FORM)),
    "bare": lambda m, d: _decided(ways.http(m, DECIDE, d, "Image/JPEG; q=1")),
    "bare, predict": lambda m, d: _predicted(ways.http(m, PREDICT, d, "image/png")),
    "MLflow": lambda m, d: _predicted(
        ways.http(m, ways.INVOKE, json.dumps({"instances": [{"image": b64(d)}]}).encode())
    ),
    "OIP, base64 text": lambda m, d: _infer(m, d, data=[b64(d)["b64"]]),
    "OIP, base64 object": lambda m, d: _infer(m, d, data=[b64(d)]),
    "OIP, binary": lambda m, d: _infer(m, d, parameters={"binary_data_size": len(d) + 4}),
    "OIP, bare": _infer_raw,
    "OIP, bare with its length": lambda m, d: _infer_raw(m, _raw(d)),
    "OIP, gRPC": lambda m, d: _infer_grpc(m, d, raw=False),
    "OIP, gRPC raw": lambda m, d: _infer_grpc(m, d, raw=True),
    "gRPC Predict": _predict_grpc,
    "gRPC Classify": _classify_grpc,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP"])
def test_one_picture_has_one_answer_by_every_protocol(kind, model):
    data = CUP if kind == "JPEG" else again(CUP, kind)
    wanted = np.float32(model.decide(data)[0].scores)

    for name, ask in WAYS.items():
        assert np.float32(ask(model, data)).ravel().tolist() == wanted.tolist(), name


@pytest.mark.parametrize("name", sorted(set(WAYS) - {"form, partial", "OIP, base64 text"}))
def test_what_is_no_picture_is_refused_as_in_process(name, model):
    with pytest.raises(RowError) as wanted:
        model.decide(b"\xffno picture")
    with pytest.raises((KeramosError, AssertionError)) as found:
        WAYS[name](model, b"\xffno picture")

    reason = wanted.value.problems[0].reason
    assert reason in str(found.value) or reason in found.value.problems[0].reason
    assert getattr(found.value, "code", "ROW") == "ROW"


def test_files_of_a_form_are_decided_in_their_order_whatever_their_names(model):
    files = [path.read_bytes() for path in PHOTOS]
    parts = [part(data, "f" * (at % 3), f"{at}.png") for at, data in enumerate(files)]
    unchosen = part(b"", "image", "")
    found = ways.http(model, DECIDE, form(*parts[:2], unchosen, *parts[2:]), FORM)

    assert [one["label"] for one in found["decisions"]] == [
        path.name.partition("_")[0] for path in PHOTOS
    ]
    assert [one["row"] for one in found["decisions"]] == [1, 2, 3, 4, 5, 6]


def test_a_bad_file_of_a_form_is_named_by_its_place(model):
    body = form(part(CUP), part(b"x"), part(CUP), part(b"", file="empty.png"))
    refused = json.loads(reply(model, DECIDE, FORM, body).body)
    partly = ways.http(model, f"{DECIDE}?partial=true", body, FORM)

    assert [one["row"] for one in refused["problems"]] == [2, 4]
    assert [one["row"] for one in partly["decisions"]] == [1, 3]
    assert [one["row"] for one in partly["problems"]] == [2, 4]


def test_many_pictures_in_one_tensor_are_answered_in_their_order(model):
    files = ([path.read_bytes() for path in PHOTOS] * 12)[:70]
    message = ways.OIP["ModelInferRequest"](model_name="m")
    message.inputs.add(name="image", datatype="BYTES", shape=[70])
    message.raw_input_contents.append(b"".join(map(_raw, files)))
    found = ways.called(model, ways.OIP_SERVICES, "ModelInfer", message)
    scores = np.frombuffer(found.raw_output_contents[0], "<f4").reshape(70, 3)

    assert scores == pytest.approx(model.predict(files), rel=1e-5)


@pytest.mark.parametrize("shape", [[1], [1, 1]])
def test_bytes_that_are_no_text_are_refused_where_texts_are_taken(shape, reader):
    given = {"name": "text", "shape": shape, "datatype": "BYTES", "data": [b64(CUP)]}
    for url, body in (
        (ways.INFER, {"inputs": [given]}),
        (PREDICT, {"instances": [b64(CUP)]}),
        (PREDICT, {"inputs": {"text": [b64(CUP)]}}),
    ):
        found = reply(reader, url, "application/json", json.dumps(body).encode())
        assert found.status == 400, found.body


REFUSED = {
    "no boundary": ("multipart/form-data", b"x", 400, "no boundary"),
    "no part": (FORM, b"x", 400, "no part"),
    "cut short": (FORM, part(CUP), 400, "ends within a part"),
    "no header": (FORM, b"--x y\r\nno end--x y--", 400, "ends within a part"),
    "no file": (FORM, form(), 400, "no field"),
    "none chosen": (FORM, form(part(b"", file="")), 400, "no field"),
    "a text": (FORM, form(part(b"photo.jpg", file=None)), 400, "-F image=@photo.jpg"),
    "without a name": (FORM, form(part(b"x", None, None)), 400, "without a name"),
    "a name that is not UTF-8": (FORM, form(part(CUP)).replace(b"image", b"\xff", 1), 400, "UTF-8"),
    "many parts": (FORM, form(*[part(b"", file="")] * 10_001), 400, "10,000 parts"),
    "too many rows": (FORM, form(*[part(b"x")] * 101), 400, "101 rows"),
    "an empty picture": ("image/png", b"", 400, "no value"),
    "a drawing": ("image/svg+xml", b"<svg/>", 400, "known format"),
    "a sound": ("audio/wav", b"RIFF", 415, "audio/wav"),
    "another form": ("multipart/mixed; boundary=x", b"--x--", 415, "multipart/mixed"),
}


@pytest.mark.parametrize("url", [DECIDE, PREDICT, TRACE])
@pytest.mark.parametrize("name", REFUSED)
def test_a_form_or_body_that_is_wrong_is_one_refusal(name, url, model):
    kind, body, status, said = REFUSED[name]
    found = reply(model, url, kind, body)

    assert found.status == status, found.body
    assert said in json.loads(found.body)["error"] or "one row" in json.loads(found.body)["error"]
    assert len(found.body) < 30_000


@pytest.mark.parametrize("kind", ["", "application/x-www-form-urlencoded", "application/json"])
@pytest.mark.parametrize("url", [DECIDE, PREDICT])
def test_a_picture_without_its_type_is_refused_with_how_to_send_it(kind, url, model):
    found = reply(model, url, kind, CUP)

    assert found.status == 400
    assert "not UTF-8" in json.loads(found.body)["error"]
    assert "image/jpeg" in json.loads(found.body)["error"]


@pytest.mark.parametrize("kind", ["image/jpeg", "video/mp4", 'multipart/form-data; boundary="x y"'])
def test_a_model_of_other_columns_takes_no_pictures(kind, tmp_path):
    series_model(tmp_path / "m.keras")
    prices = keramos.load(tmp_path / "m.keras")
    for url in (DECIDE, PREDICT):
        found = reply(prices, url, kind, form(part(CUP)))
        assert found.status == 415
        assert "application/json" in json.loads(found.body)["error"]
        assert "it takes the rows of a series" in json.loads(found.body)["error"]


@pytest.mark.parametrize("kind", ["image/jpeg", FORM])
def test_a_model_without_a_schema_says_why_it_takes_no_form(kind, tmp_path):
    tiny_networks.pictures(tmp_path / "m.keras")
    found = reply(keramos.load(tmp_path / "m.keras"), PREDICT, kind, form(part(CUP)))
    assert found.status == 415
    assert "it has no schema" in json.loads(found.body)["error"]
    assert '"instances"' in json.loads(found.body)["error"]


def test_a_text_is_a_field_of_a_form_or_a_file(reader):
    texts = ["where is my order", "hello \u00fcber", ""]
    parts = [part(text.encode(), "text", None) for text in texts]
    wanted = [list(one.scores) for one in reader.decide(texts)]
    found = ways.http(reader, DECIDE, form(*parts), FORM)["decisions"]
    as_file = ways.http(reader, DECIDE, form(part(texts[1].encode(), "text", "a.txt")), FORM)

    assert [one["scores"] for one in found] == [pytest.approx(one, rel=1e-6) for one in wanted]
    assert _decided(as_file) == found[1]["scores"]


@pytest.mark.parametrize(
    ("kind", "body", "status", "said"),
    [
        (FORM, form(part(b"hi", "note", None)), 400, "'text'"),
        (FORM, form(part(b"\xff", "text", None)), 400, "UTF-8"),
        (FORM, form(part(b"\xff", "text", "a.txt")), 400, "bytes"),
        (FORM, form(), 400, "no field"),
        ("image/png", CUP, 415, "image/png"),
    ],
)
def test_a_form_that_holds_no_text_is_refused(kind, body, status, said, reader):
    found = reply(reader, DECIDE, kind, body)

    assert found.status == status
    assert said in json.loads(found.body)["error"]


@pytest.mark.parametrize("url", [DECIDE, f"{DECIDE}?partial=true", PREDICT])
def test_prepared_pictures_count_as_memory_before_they_are_there(url, model):
    pixel = again(CUP, "PNG")
    small = RequestMemory(16 << 20)
    with small.lease():
        found = reply(model, url, FORM, form(*[part(pixel)] * 20))
    with small.lease():
        few = reply(model, url, FORM, form(*[part(pixel)] * 5))

    assert found.status == 400
    assert "8 MiB of memory" in json.loads(found.body)["error"]
    assert few.status == 200


@pytest.mark.parametrize(
    ("one", "kinds"),
    [("model", ["image/*", "multipart/form-data"]), ("reader", ["multipart/form-data"])],
)
def test_the_openapi_document_names_the_media_types(one, kinds, request):
    app = ways.server(request.getfixturevalue(one))
    paths = document(app.context, ROUTES)["paths"]
    for path in (DECIDE, PREDICT, TRACE):
        content = paths[path]["post"]["requestBody"]["content"]
        assert [*content] == ["application/json", *kinds]
