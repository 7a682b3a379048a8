"""A configuration file of TensorFlow Serving says what is served."""

import json
from urllib.request import Request, urlopen

import numpy as np
import pytest

import keramos
from keramos.artifact.write import write
from keramos.errors import StoreError, UsageError
from keramos.serving.registry.config_source import ConfigSource
from keramos.serving.registry.sources import source_of
from support.container_suite import ROWS, answers, network

CONFIG = """# what the team serves
model_config_list: {
  config { name: "churn" base_path: "ROOT/churn"   model_platform: 'tensorflow'
    model_version_policy { specific { versions: 2, versions: [5] } }
    version_labels { key: 'stable', value: 2 }; version_labels < key: "canary" value: 5 >
  }
  config: { name: 'all', base_path: "RO" "OT/churn/", model_version_policy: { all: {} } }
  config { name: 'newest' base_path: 'file://ROOT/churn' }
  config { name: 'two' base_path: 'ROOT/churn' model_version_policy { latest { num_versions: 2 } } }
  config { name: 'later' base_path: 'ROOT/absent' }
}
"""


ONE = "model_config_list { config { name: 'a' base_path: 'ROOT/x' } }"


@pytest.fixture
def root(tmp_path):
    write(tmp_path / "m.h5", network(), None)
    (tmp_path / "churn").mkdir()
    for version in (1, 2, 5, 8):
        keramos.convert(tmp_path / "m.h5", tmp_path / "churn" / str(version))
    return tmp_path


def written(root, text=CONFIG):
    text = text.replace("ROOT", str(root)).replace('"RO" "OT', f'"{root}" "')
    (root / "models.config").write_text(text)
    return root / "models.config"


def served(source):
    return [(one.model, one.number, one.labels) for one in source.versions()]


def test_names_policies_and_labels_are_those_of_the_file(root):
    source = source_of(str(written(root)))

    assert isinstance(source, ConfigSource)
    assert served(source) == [
        *(("churn", 2, ("stable",)), ("churn", 5, ("canary",))),
        *(("all", number, ()) for number in (1, 2, 5, 8)),
        ("newest", 8, ()),
        *(("two", number, ()) for number in (5, 8)),
    ]
    written(root, 'model_config_list { config { name: "m" base_path: "ROOT/churn" } }')
    assert served(source) == [("m", 8, ())]  # it is read again at each look


def test_a_server_of_a_configuration_answers_versions_and_labels(root):
    quiet = {"port": 0, "grpc_port": "none", "oip_grpc_port": "none"}
    with keramos.serve(written(root), block=False, **quiet) as server:
        for way in ("churn/labels/stable", "churn/versions/5", "two/versions/5", "newest"):
            body = json.dumps({"instances": ROWS.tolist()}).encode()
            request = Request(f"{server.url}/v1/models/{way}:predict", body)  # noqa: S310 (ours)
            with urlopen(request, timeout=10) as reply:  # noqa: S310 (as above)
                np.testing.assert_allclose(json.load(reply)["predictions"], answers(), 1e-4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model_config_list {", "malformed near line 1"),
        ("model_config_list { config { name: 'a' base_path 'b' } }", "malformed"),
        ("model_config_list { config { name: 'a' } }", "base_path"),
        ("model_config_list { config { nam: 'a' } }", "nam"),
        ("model_config_list { config: 'a' }", "message"),
        ("model_config_list { }", "no model"),
        ("model_config_list { config { name: 'a' base_path: 'ROOT/x' model_platform: 'onnx' } }",
         "onnx"),
        ("model_config_list { config { name: '../a' base_path: 'ROOT/x' } }", "name of a model"),
        (ONE.replace("} }", "version_labels { key: 's' value: -1 } } }"), "whole number"),
        (ONE + ONE, "two of one name"),
        (ONE + "custom_model_config {}", "custom_model_config"),
        ("model_config_list { a" + " { b" * 40, "nested"),
        ("model_config_list { \x01", "malformed"),
    ],
)  # fmt: skip
def test_a_configuration_that_is_malformed_or_asks_for_more_is_refused(text, words, root):
    source = source_of(str(written(root, text)))
    with pytest.raises(UsageError, match=words) as caught:
        source.versions()
    assert caught.value.where.file == str(root / "models.config")


def test_a_configuration_that_cannot_be_read_is_refused(root):
    path = written(root)
    source = source_of(str(path))
    path.write_bytes(b"model_config_list {" + bytes(2 << 20))
    with pytest.raises(StoreError, match="cannot be read"):
        source.versions()
