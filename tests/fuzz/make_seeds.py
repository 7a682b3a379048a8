"""Writes the seed corpus: small models of Keras and of older forms by hand. Run it where Keras is
installed.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import layers as kl
from keras import ops

from fuzz.form_seeds import form_seeds
from fuzz.raw_seeds import raw_seeds
from fuzz.targets import SEEDS
from fuzz.trees import build, describe
from hostile.generate_content import content, network
from keramos.artifact.content.document import encode

_DULL = ("_initializer", "_regularizer", "_constraint", "build_config")


def of(shape, *parts, dtype="float32"):
    """A chain of layers."""
    return keras.Sequential([kl.Input(shape, dtype=dtype), *parts])


def functional(shape, call):
    """A Functional model of one input."""
    x = kl.Input(shape, name="x")
    return keras.Model(x, call(x))


def shared(x):
    """A layer called twice, and a merge."""
    dense = kl.Dense(3)
    return kl.Concatenate()([dense(x), dense(x * 2.0)])


MODELS = {
    "dense": lambda: of(
        (4,), kl.Dense(3, "relu"), kl.BatchNormalization(), kl.Dropout(0.1), kl.Dense(1, "sigmoid")
    ),
    "conv": lambda: of(
        (8, 8, 3), kl.Conv2D(4, 3, padding="same"), kl.MaxPooling2D(), kl.Flatten(), kl.Dense(2)
    ),
    "conv1d": lambda: of(
        (8, 3), kl.Conv1D(4, 3, padding="causal"), kl.AveragePooling1D(2), kl.GlobalMaxPooling1D()
    ),
    "transpose": lambda: of(
        (4, 4, 2),
        kl.Conv2DTranspose(2, 3, 2),
        kl.UpSampling2D(),
        kl.ZeroPadding2D(),
        kl.Cropping2D(),
    ),
    "separable": lambda: of(
        (6, 6, 2), kl.SeparableConv2D(2, 3), kl.DepthwiseConv2D(3), kl.GlobalAveragePooling2D()
    ),
    "conv3d": lambda: of(
        (4, 4, 4, 1), kl.Conv3D(2, 2), kl.MaxPooling3D(2), kl.Reshape((2,)), kl.RepeatVector(3)
    ),
    "lstm": lambda: of(
        (5, 3), kl.Masking(), kl.LSTM(4, return_sequences=True), kl.TimeDistributed(kl.Dense(2))
    ),
    "gru": lambda: of((5, 3), kl.Bidirectional(kl.GRU(2)), kl.LayerNormalization()),
    "rnn": lambda: of((5, 3), kl.RNN([kl.LSTMCell(2), kl.GRUCell(2)]), kl.ELU()),
    "convlstm": lambda: of((3, 6, 6, 1), kl.ConvLSTM2D(2, 3)),
    "embedding": lambda: of(
        (5,), kl.Embedding(7, 3, mask_zero=True), kl.SimpleRNN(2), dtype="int32"
    ),
    "attention": lambda: functional(
        (5, 4), lambda x: kl.MultiHeadAttention(2, 3)(x, x) + kl.Attention()([x, x])
    ),
    "merge": lambda: functional(
        (4,), lambda x: kl.Add()([x, kl.Dense(4)(x), kl.Multiply()([x, x])])
    ),
    "shared": lambda: functional((4,), shared),
    "nested": lambda: functional((4,), lambda x: of((4,), kl.Dense(2), kl.PReLU())(x)),
    "ops": lambda: functional(
        (4, 2), lambda x: ops.transpose(ops.softmax(ops.reshape(x, (-1, 2, 4)) @ x), (0, 2, 1))
    ),
    "more ops": lambda: functional(
        (4,), lambda x: ops.where(x > 0, ops.sqrt(ops.abs(x)), ops.sum(x, axis=-1, keepdims=True))
    ),
    "lookup": lambda: of(
        (2,), kl.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot"), dtype="string"
    ),
    "integers": lambda: of(
        (1,), kl.IntegerLookup(vocabulary=[4, 7]), kl.CategoryEncoding(4), dtype="int64"
    ),
    "text": lambda: of(
        (1,), kl.TextVectorization(vocabulary=["a", "b"], output_sequence_length=4), dtype="string"
    ),
    "features": lambda: of(
        (2,), kl.Normalization(mean=[1.0, 2.0], variance=[1.0, 4.0]), kl.Discretization([0.0, 1.0])
    ),
    "hashing": lambda: of((1,), kl.Hashing(5), dtype="string"),
    "image": lambda: of(
        (8, 8, 3),
        kl.Rescaling(1 / 255),
        kl.Resizing(4, 4),
        kl.CenterCrop(2, 2),
        kl.Permute((3, 1, 2)),
    ),
    "groups": lambda: of(
        (4, 4, 4),
        kl.GroupNormalization(2),
        kl.SpectralNormalization(kl.Conv2D(2, 1)),
        kl.UnitNormalization(),
    ),
}


def older():
    """Forms of Keras 1 and 2, as their files have them."""
    dense = {"name": "dense_1", "output_dim": 2, "activation": "tanh", "bias": True, "input_dim": 3}
    one = {
        "name": "lstm_1",
        "output_dim": 2,
        "inner_activation": "hard_sigmoid",
        "activation": "tanh",
    }
    conv = {
        "name": "conv_1",
        "nb_filter": 2,
        "nb_row": 3,
        "nb_col": 3,
        "border_mode": "same",
        "dim_ordering": "th",
    }
    first = {
        **conv,
        "batch_input_shape": [None, 1, 6, 6],
        "subsample": [1, 1],
        "activation": "linear",
        "bias": True,
    }
    yield (
        "keras1 dense",
        chain(
            "1.2.2",
            [("Dense", {**dense, "batch_input_shape": [None, 3]})],
            {"dense_1": [[3, 2], [2]]},
        ),
    )
    parts = {
        f"lstm_1_{kind}_{gate}": shape
        for gate in "ifco"
        for kind, shape in (("W", [3, 2]), ("U", [2, 2]), ("b", [2]))
    }
    recurrent = {**one, "batch_input_shape": [None, 4, 3], "return_sequences": False}
    yield "keras1 lstm", chain("1.0.8", [("LSTM", recurrent)], {"lstm_1": list(parts.values())})
    yield (
        "keras1 conv",
        chain(
            "1.2.2",
            [("Convolution2D", first), ("Flatten", {"name": "flatten_1"})],
            {"conv_1": [[2, 1, 3, 3], [2]]},
        ),
    )
    two = {
        "name": "dense_1",
        "units": 2,
        "activation": "relu",
        "use_bias": True,
        "batch_input_shape": [None, 3],
    }
    yield (
        "keras2 dense",
        chain(
            "2.2.4",
            [("Dense", two), ("LeakyReLU", {"name": "l", "alpha": 0.25})],
            {"dense_1": [[3, 2], [2]]},
        ),
    )
    nodes = [
        {
            "name": "x",
            "class_name": "InputLayer",
            "config": {"name": "x", "batch_input_shape": [None, 3]},
            "inbound_nodes": [],
        },
        {
            "name": "dense_1",
            "class_name": "Dense",
            "config": two,
            "inbound_nodes": [[["x", 0, 0, {}]]],
        },
        {
            "name": "add_1",
            "class_name": "Add",
            "config": {"name": "add_1"},
            "inbound_nodes": [[["dense_1", 0, 0, {}]] * 2],
        },
    ]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["add_1", 0, 0]]}
    body = {"class_name": "Model", "config": {"name": "m", "layers": nodes, **ends}}
    yield "keras2 functional", file("2.3.1", body, {"dense_1": [[3, 2], [2]]})


def chain(version, layers, weights):
    """A Sequential model as a bare list of layers, as Keras wrote it until 2.2.2."""
    listed = [{"class_name": kind, "config": config} for kind, config in layers]
    return file(version, {"class_name": "Sequential", "config": listed}, weights)


def file(version, config, weights):
    """The tree of a legacy file."""
    parts = ["/kernel:0", "/bias:0"] if version >= "2" else [f"_w{place}" for place in range(20)]
    names = {
        layer: [f"{layer}{part}" for part in parts[: len(shapes)]]
        for layer, shapes in weights.items()
    }
    attrs = {
        "": {"keras_version": version, "backend": "tensorflow", "model_config": config},
        "model_weights": {
            "layer_names": list(weights),
            "keras_version": version,
            "backend": "tensorflow",
        },
        **{f"model_weights/{layer}": {"weight_names": listed} for layer, listed in names.items()},
    }
    data = {
        f"model_weights/{layer}/{name}": {"t": "<f4", "s": shape}
        for layer, shapes in weights.items()
        for name, shape in zip(names[layer], shapes, strict=True)
    }
    return {"h5": {"attrs": attrs, "data": data}}


def slim(value):
    """Without what only training reads."""
    if isinstance(value, dict):
        return {key: slim(item) for key, item in value.items() if not key.endswith(_DULL)}
    return [slim(item) for item in value] if isinstance(value, list) else value


def models():
    """Tree by name."""
    for number, (name, make) in enumerate(MODELS.items()):
        keras.utils.clear_session()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "m.keras" if number % 2 else "m.h5")
            make().save(path)
            yield name, slim(describe(path.read_bytes(), lambda name: name != "training_config"))
    yield from older()


def hdf5_files():
    """The ways in which HDF5 stores the same things."""
    ways = {
        "old": {},
        "new": {"libver": "latest"},
        "block": {"userblock_size": 512},
        "track": {"track_order": True},
    }
    for name, options in ways.items():
        buffer = io.BytesIO()
        with h5py.File(buffer, "w", **options) as file:
            group = file.create_group("model_weights", track_order=name == "track")
            group.attrs["weight_names"] = [b"a", b"bb"]
            group.attrs["variable"] = np.array(["a", "bc"], h5py.string_dtype())
            file.attrs["keras_version"] = "2.4.0"
            group["a"] = np.arange(6, dtype="<f4").reshape(2, 3)
            packed = {"compression": "gzip", "shuffle": True, "fletcher32": name != "block"}
            group.create_dataset(
                "bb", data=np.arange(8, dtype=">f8"), chunks=(3,), maxshape=(None,), **packed
            )
            group.create_dataset("c/d", data=np.float16(1))
        yield name, buffer.getvalue()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest") as file:
        for number in range(12):
            file.attrs[f"attribute {number}"] = number
            file[f"group/{number}"] = np.int8(number)
        for kind in ("u1", "i8", "?", "c8"):
            file[kind] = np.ones((2, 2), kind)
        for maxshape in ((4, 4), (None, 4), (None, None)):
            file.create_dataset(
                f"chunks {maxshape}", data=np.ones((4, 4), "f4"), chunks=(2, 3), maxshape=maxshape
            )
    yield "dense", buffer.getvalue()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["a"], file["soft"], file["outside"] = (
            1,
            h5py.SoftLink("/a"),
            h5py.ExternalLink("x.h5", "/y"),
        )
        file["hard"] = file["a"]
    yield "links", buffer.getvalue()


def archives():
    """Archives: stored, deflated, with assets."""
    tree = dict(models())["lookup"]
    yield "stored", build(tree)
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(build(tree))) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in source.namelist():
            packed.writestr(name, source.read(name))
        packed.writestr("assets/layers/string_lookup/vocabulary.txt", "a\nb")
        packed.comment = b"note"
    yield "deflated", buffer.getvalue()


def put(target, name, data):
    """One seed."""
    path = SEEDS / target / name.replace(" ", "_")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main():
    """All seeds."""
    for name, tree in models():
        put("model", name, json.dumps(tree, separators=(",", ":")).encode())
        parts = tree.get("zip", {}).get("config.json") or tree["h5"]["attrs"][""]["model_config"]
        version = tree["h5"]["attrs"].get("", {}).get("keras_version", "3.9.0")
        text = json.dumps({**parts, "keras_version": version}, separators=(",", ":")).encode()
        put("dialects", name, text)
    for name, data in hdf5_files():
        put("hdf5", name, data)
    for name, data in archives():
        put("archive", name, data)
    for target, name, data in (*form_seeds(), *raw_seeds()):
        put(target, name, data)
    put("content", "small", encode(content(), network(), b"{}").partition(b"\n")[2])
    for name, text in {
        "object": b'{"a": [1, 2.5e3, -0, true, null, "\\u00e9\\n"], "b": {"c": {}}}',
        "text": b'"{\\"a\\": 1}"',
    }.items():
        put("json", name, text)


if __name__ == "__main__":
    main()
