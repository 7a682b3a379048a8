"""SavedModels, checkpoints and models of TensorFlow.js with drawn damage and with lies: each is
refused with an error of keramos, quickly, or is what it was.
"""

import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keramos.artifact.read import read
from keramos.artifact.sources import ModelSource
from keramos.errors import CorruptModelError, LimitExceededError, ModelError, UnsafeModelError
from keramos.types.limits import LIMITS
from support.container_suite import source
from support.protobuf import field, parsed, written
from support.tf_keras_models import nested, saved

tf_keras = pytest.importorskip("tf_keras")
SLOWEST = 5.0
"""Seconds; a machine under load takes several times as long as one alone."""


def text_model():
    """A model with a vocabulary in a table and another in constants."""
    value = tf_keras.Input((1,), dtype="string")
    words = tf_keras.layers.StringLookup(vocabulary=["red", "green", "blue"])
    texts = tf_keras.layers.TextVectorization(output_sequence_length=3)
    texts.adapt(["red blue", "blue green"])
    return tf_keras.Model(value, [words(value), texts(value)])


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Name -> path, path of separate weights, and what reads each."""
    folder = tmp_path_factory.mktemp("forms")
    network = nested()
    (folder / "m.json").write_text(network.to_json())
    network.save_weights(folder / "w", save_format="tf")
    return {
        "traces": (saved(network, folder / "traces"), None),
        "no traces": (saved(network, folder / "none", save_traces=False), None),
        "text": (saved(text_model(), folder / "text"), None),
        "checkpoint": (folder / "m.json", folder / "w.index"),
    }


def arrays(network):
    """All weights of a network, in order."""
    found = []
    for layer in network.layers.values():
        found += layer.weights
        for part in (*layer.inner, *([] if layer.network is None else [layer])):
            if part.network is not None:
                found += arrays(part.network)
            else:
                found += part.weights
    return found


@pytest.fixture(scope="module")
def held(models):
    return {
        name: {str(one): source(one) for one in paths if one is not None}
        for name, paths in models.items()
    }


def read_with(models, held, name, place, part, data):
    """Read a model with one part exchanged."""
    path, weights = models[name]
    whole = held[name][place]
    changed = ModelSource(place, {**whole.parts, part: data}, folder=whole.folder)

    def source_of(one, _limits):
        return changed if one == place else held[name][one]

    return read(path, weights=weights, source_of=source_of)


def damaged(data, draw):
    """Bytes with a few drawn changes."""
    found = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(found) - 1)))
        match draw(st.sampled_from(["flip", "cut", "drop", "repeat", "large", "zero"])):
            case "flip" if found:
                found[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del found[at:]
            case "drop":
                del found[at : at + draw(st.integers(1, 40))]
            case "repeat":
                found[at:at] = found[at : at + draw(st.integers(1, 400))]
            case "large":
                found[at : at + 5] = b"\xff\xff\xff\xff\x0f"
            case "zero":
                found[at : at + 4] = bytes(4)
    return bytes(found)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.data())
def test_damage_anywhere_is_an_error_of_keramos_or_leaves_a_model(models, held, drawn):
    name = drawn.draw(st.sampled_from(sorted(models)))
    place = drawn.draw(st.sampled_from(sorted(held[name])))
    parts = held[name][place].parts
    part = drawn.draw(st.sampled_from(sorted(parts)))
    data = damaged(parts[part], drawn.draw)
    begun = time.perf_counter()

    with suppress(ModelError):  # another error fails the test
        read_with(models, held, name, place, part, data)

    assert time.perf_counter() - begun < SLOWEST


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.data())
def test_a_changed_byte_of_a_weight_is_never_read_as_a_weight(models, held, drawn):
    name = drawn.draw(st.sampled_from(["traces", "no traces", "checkpoint"]))
    place = str(models[name][1] or models[name][0])
    part = next(part for part in held[name][place].parts if ".data-" in part)
    data = bytearray(held[name][place].parts[part])
    data[drawn.draw(st.integers(0, len(data) - 1))] ^= 1 << drawn.draw(st.integers(0, 7))
    before = arrays(read(*models[name][:1], weights=models[name][1]).network)

    try:
        network = read_with(models, held, name, place, part, bytes(data)).network
    except ModelError:
        return

    for mine, theirs in zip(before, arrays(network), strict=True):
        np.testing.assert_array_equal(mine, theirs)  # a random seed, which nothing reads


def changed_graph(path, change):
    """The served graph of a SavedModel with its fields changed."""
    data = (path / "saved_model.pb").read_bytes()
    fields = [(at, change(parsed(value)) if at == 2 else value) for at, value in parsed(data)]
    (path / "saved_model.pb").write_bytes(written(fields))
    return path


def objects_changed(path, change):
    """The nodes of the object graph changed: ``change`` gets the list of their bytes."""

    def graph(fields):
        return written((at, objects(parsed(value)) if at == 7 else value) for at, value in fields)

    def objects(fields):
        nodes = change([value for at, value in fields if at == 1])
        return written([(1, node) for node in nodes] + [one for one in fields if one[0] != 1])

    return changed_graph(path, graph)


@pytest.fixture
def text(tmp_path):
    return saved(text_model(), tmp_path / "text")


def test_two_served_graphs_are_refused(text):
    data = (text / "saved_model.pb").read_bytes()
    graph = next(value for at, value in parsed(data) if at == 2)
    (text / "saved_model.pb").write_bytes(data + field(2, graph))

    with pytest.raises(UnsafeModelError, match="two graphs"):
        read(text)


def test_circles_of_objects_end(text):
    def circles(nodes):
        root = field(1, field(1, 0) + field(2, b"again"))
        return [one + root for one in nodes]

    assert read(objects_changed(text, circles))


def test_a_part_that_does_not_exist_and_too_many_objects_are_refused(text):
    def lost(nodes):
        return [nodes[0] + field(1, field(1, 1 << 40) + field(2, b"lost")), *nodes[1:]]

    with pytest.raises(CorruptModelError, match="does not exist"):
        read(objects_changed(text, lost))


def test_more_objects_than_the_limit_allows_are_refused(text):
    with pytest.raises(LimitExceededError, match="objects"):
        read(objects_changed(text, lambda nodes: [*nodes, *[b""] * (LIMITS.objects + 1)]))


def test_a_constant_that_claims_terabytes_is_refused(text):
    def huge(fields):
        return written((at, nodes(parsed(value)) if at == 2 else value) for at, value in fields)

    def nodes(fields):
        return written((at, node(parsed(value)) if at == 1 else value) for at, value in fields)

    def node(fields):
        if (2, b"Const") not in fields:
            return written(fields)
        shape = field(2, field(2, field(1, 1 << 40)))
        value = field(2, field(8, field(1, 7) + shape + field(8, b"x")))
        return written(fields) + field(5, field(1, b"value") + value)

    with pytest.raises(ModelError):
        read(changed_graph(text, huge))


@pytest.mark.parametrize("name", ["../words.txt", "/etc/passwd", "a/../../words.txt"])
def test_an_asset_outside_of_the_folder_is_no_vocabulary(tmp_path, name):
    (tmp_path / "words.txt").write_text("red\nblue\n")
    value = tf_keras.Input((1,), dtype="string")
    lookup = tf_keras.layers.StringLookup(vocabulary=str(tmp_path / "words.txt"))
    path = saved(tf_keras.Model(value, lookup(value)), tmp_path / "m")

    def assets(fields):
        return written(
            (
                at,
                written(
                    (2, name.encode()) if one == 2 else (one, two) for one, two in parsed(value)
                ),
            )
            if at == 6
            else (at, value)
            for at, value in fields
        )

    with pytest.raises(CorruptModelError, match="no such part"):
        read(changed_graph(path, assets))


def test_links_in_a_saved_model_are_refused(text, tmp_path):
    shard = next((text / "variables").glob("*.data-*"))
    shard.rename(tmp_path / "outside")
    shard.symlink_to(tmp_path / "outside")

    with pytest.raises(UnsafeModelError, match="a link"):
        read(text)


def test_messages_within_messages_do_not_recurse(text):
    deep = b""
    for _ in range(50_000):
        deep = field(1, deep)[-1_000_000:]
    (text / "saved_model.pb").write_bytes(field(2, deep))

    with pytest.raises(ModelError):
        read(text)


def test_a_lookup_table_that_skips_numbers_is_refused(models, tmp_path):
    table = {"a": 1, "b": 3}
    layer = type("Lookup", (), {"config": {}, "name": "x", "kind": "StringLookup"})()
    from keramos.artifact.containers.object_graph.lookup_tables import words_of

    assert words_of(layer, {"b": 2, "a": 1, "[UNK]": 0}) == ["a", "b"]
    with pytest.raises(ModelError, match="one after the other"):
        words_of(layer, table)
