"""Texts reach a model over every protocol as they do in process."""

import json

import numpy as np
import pytest

import keramos
from keramos.errors import KeramosError
from support import tiny_networks
from support import ways_served as ways

TEXTS = ["where is my order", "hello, \u00fcber cat!", "", "NA", '{"b64": 1}', "late " * 40]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    tiny_networks.texts(folder / "m.h5")
    words = ["order", "where", "is", "my", "thanks", "hello", "bye", "late", "cat"]
    (folder / "tokenizer.json").write_text(tiny_networks.tokenizer(words))
    settings = {"padding": "post", "truncating": "post"}
    keramos.attach(
        folder / "m.h5",
        schema={"text": "text"},
        transforms=[folder / "tokenizer.json"],
        settings=settings,
        labels=["good", "bad"],
    ).save(folder / "whole.keras")
    return keramos.load(folder / "whole.keras")


def _oip(model, texts, raw):
    message = ways.OIP["ModelInferRequest"](model_name="m")
    tensor = message.inputs.add(name="text", datatype="BYTES", shape=[len(texts), 1])
    octets = [text.encode() for text in texts]
    if raw:
        packed = b"".join(len(one).to_bytes(4, "little") + one for one in octets)
        message.raw_input_contents.append(packed)
    else:
        tensor.contents.bytes_contents.extend(octets)
    reply = ways.called(model, ways.OIP_SERVICES, "ModelInfer", message)
    if raw:
        return np.frombuffer(reply.raw_output_contents[0], "<f4")
    return reply.outputs[0].contents.fp32_contents


def _tensorflow(model, texts):
    message = ways.TF["PredictRequest"](model_spec=ways.TF["ModelSpec"](name="m"))
    ways.to_tensor(np.array(texts, object), message.inputs["text"])
    (output,) = ways.called(model, ways.TF_SERVICES, "Predict", message).outputs.values()
    return ways.from_tensor("output", output)


def _classified(model, texts):
    """The scores of TensorFlow Serving's Classify, whose examples hold the text."""
    message = ways.TF["ClassificationRequest"](model_spec=ways.TF["ModelSpec"](name="m"))
    for text in texts:
        feature = message.input.example_list.examples.add().features.feature["text"]
        feature.bytes_list.value.append(text.encode())
    reply = ways.called(model, ways.TF_SERVICES, "Classify", message)
    return [[one.score for one in found.classes] for found in reply.result.classifications]


@pytest.mark.parametrize("count", [1, 6, 90])
def test_texts_over_grpc_get_the_answers_that_they_get_in_process(model, count):
    texts = (TEXTS * 15)[:count]
    wanted = pytest.approx(model.predict(texts).ravel(), rel=1e-6)
    for found in (
        _oip(model, texts, raw=False),
        _oip(model, texts, raw=True),
        _tensorflow(model, texts),
        _classified(model, texts),
    ):
        assert np.ravel(found) == wanted


def test_texts_over_http_too(model):
    wanted = pytest.approx(model.predict(TEXTS).ravel(), rel=1e-6)
    for given in (TEXTS, [{"text": text} for text in TEXTS], [[text] for text in TEXTS]):
        body = json.dumps({"instances": given}).encode()
        found = ways.http(model, "/v1/models/m:predict", body)["predictions"]
        assert np.ravel(found) == wanted


def test_bytes_that_are_no_text_are_refused_over_grpc(model):
    message = ways.OIP["ModelInferRequest"](model_name="m")
    tensor = message.inputs.add(name="text", datatype="BYTES", shape=[1, 1])
    tensor.contents.bytes_contents.append(b"\xff\xfe")
    with pytest.raises(KeramosError, match="UTF-8"):
        ways.called(model, ways.OIP_SERVICES, "ModelInfer", message)


def test_a_long_text_is_refused_by_row(model):
    with pytest.raises(KeramosError) as caught:
        _tensorflow(model, ["fine", "x" * 1_000_001])
    assert [one.row for one in caught.value.problems] == [2]
