"""Family d: graphs that are none, weights that do not fit, options without sense, and bombs that go
off at run time.
"""

from __future__ import annotations

from functools import partial

from hostile.honest import (
    BOUND,
    CONFIG,
    LIMIT,
    MISMATCH,
    Case,
    archive,
    called,
    dense,
    functional,
    h5,
    keras_config,
    layer,
    sequential,
    source,
)

TWO = {"dense": {"kernel:0": [4, 4], "bias:0": [4]}, "dense_1": {"kernel:0": [4, 4], "bias:0": [4]}}
GRAPH = (*CONFIG,)


def _pair(
    first: object = "x", second: object = "dense", inputs: object = None, outputs: object = None
) -> bytes:
    """Two layers in a row, with any references between them."""
    layers = [source(), called(dense(units=4), first), called(dense("dense_1", 4), second)]
    ends = [["dense_1", 0, 0]] if outputs is None else outputs
    return h5(functional(layers, [["x", 0, 0]] if inputs is None else inputs, ends), TWO)  # type: ignore[arg-type]


REFERENCES: dict[str, dict[str, object]] = {
    "two layers in a loop": {"first": "dense_1"},
    "a layer that takes its own output": {"second": "dense_1"},
    "a layer that is not there": {"first": "ghost"},
    "a layer of no name": {"first": ["", 0, 0, {}]},
    "a call that is not there": {"second": ["dense", 3, 0, {}]},
    "an output that is not there": {"second": ["dense", 0, 3, {}]},
    "a negative call": {"second": ["dense", -1, 0, {}]},
    "a negative output": {"second": ["dense", 0, -1, {}]},
    "a call that is a fraction": {"second": ["dense", 0.5, 0, {}]},
    "a call that is true": {"second": ["dense", True, 0, {}]},
    "a call that is a text": {"second": ["dense", "0", 0, {}]},
    "a call of 10^18": {"second": ["dense", 10**18, 0, {}]},
    "a layer that is a number": {"second": [7, 0, 0, {}]},
    "a layer that is a list": {"second": [["dense"], 0, 0, {}]},
    "keywords that are a number": {"second": ["dense", 0, 0, 7]},
    "keywords that are a list": {"second": ["dense", 0, 0, [1]]},
    "a reference that is too short": {"second": ["dense"]},
    "a reference that is nothing": {"second": []},
    "a reference that is too long": {"second": ["dense", 0, 0, {}, 1, 2]},
    "an output layer that is not there": {"outputs": [["ghost", 0, 0]]},
    "an output of a call that is not there": {"outputs": [["dense_1", 7, 0]]},
    "an output of 3": {"outputs": [["dense_1", 0, 3]]},
    "a negative output at the end": {"outputs": [["dense_1", 0, -1]]},
    "no outputs": {"outputs": []},
    "outputs that are a number": {"outputs": 3},
    "outputs that are a text": {"outputs": "dense_1"},
    "outputs within each other": {"outputs": [[[["dense_1", 0, 0]]]]},
    "no inputs": {"inputs": []},
    "an input that is not there": {"inputs": [["ghost", 0, 0]]},
    "an input that is no input layer": {"inputs": [["dense", 0, 0]]},
    "the same input twice": {"inputs": [["x", 0, 0], ["x", 0, 0]]},
}


def _references() -> list[Case]:
    found = []
    for name, parts in REFERENCES.items():
        expected = (
            (*GRAPH, "open")
            if name in {"the same input twice", "outputs within each other"}
            else GRAPH
        )
        found.append(Case(f"d {name} h5", expected, partial(_pair, **parts), ""))
    return found


def _layers_of(value: object) -> bytes:
    return h5({"class_name": "Sequential", "config": {"name": "model", "layers": value}})


def _body(**changes: object) -> bytes:
    config = functional([source(), called(dense(), "x")], [["x", 0, 0]], [["dense", 0, 0]])
    config["config"].update(changes)  # type: ignore[attr-defined]
    return h5(config)


def _entry(**changes: object) -> bytes:
    return h5(sequential({**dense(), **changes}))


def _forms() -> list[Case]:
    deep: dict[str, object] = dense()
    for level in range(25):
        deep = {**sequential(deep), "name": f"level_{level}"}
        deep["config"]["name"] = f"level_{level}"  # type: ignore[index]
    table = {
        "two layers of one name": partial(h5, sequential(dense(), dense())),
        "layers that are a text": partial(_layers_of, "dense"),
        "layers that are nothing": partial(_layers_of, None),
        "layers that are numbers": partial(_layers_of, [1, 2]),
        "layers within a list": partial(_layers_of, [[dense()]]),
        "no layers": partial(_layers_of, []),
        "layers by name": partial(_layers_of, {"dense": dense()}),
        "a config that is nothing": partial(_entry, config=None),
        "a config that is a list": partial(_entry, config=[]),
        "a class that is nothing": partial(_entry, class_name=None),
        "a class that is a number": partial(_entry, class_name=7),
        "a class of no name": partial(_entry, class_name=""),
        "a class of 100,000 letters": partial(_entry, class_name="D" * 100_000),
        "a module that is a number": partial(_entry, module=3, registered_name=None),
        "a model that is a Dense": partial(h5, dense()),
        "a model that is its own class": partial(
            h5, {"class_name": "MyModel", "config": {"layers": []}}
        ),
        "inbound nodes that are a text": partial(
            _body, layers=[source(), {**called(dense(), "x"), "inbound_nodes": "x"}]
        ),
        "inbound nodes that are true": partial(
            _body, layers=[source(), {**called(dense(), "x"), "inbound_nodes": True}]
        ),
        "a node that is a number": partial(
            _body, layers=[source(), {**called(dense(), "x"), "inbound_nodes": [1]}]
        ),
        "a node of args that are a text": partial(
            _body,
            layers=[
                source(),
                {**called(dense(), "x"), "inbound_nodes": [{"args": "x", "kwargs": {}}]},
            ],
        ),
        "a tensor without history": partial(
            _body,
            layers=[
                source(),
                {
                    **dense(),
                    "name": "dense",
                    "inbound_nodes": [
                        {"args": [{"class_name": "__keras_tensor__", "config": {}}], "kwargs": {}}
                    ],
                },
            ],
        ),
        "no input layers": partial(_body, input_layers=None),
        "output layers by number": partial(_body, output_layers={"a": 1}),
        "a name of line breaks": partial(h5, sequential(dense("den\nse\x1b[31m"))),
        "a name upwards": partial(h5, sequential(dense("../../optimizer_weights"))),
        "an absolute name": partial(h5, sequential(dense("/etc/passwd"))),
        "a name that is a number": partial(h5, sequential(dense(7))),  # type: ignore[arg-type]
        "a name of 100,000 letters": partial(h5, sequential(dense("d" * 100_000))),
        "models within each other 25 deep": partial(h5, deep),
    }
    unusual = {
        "a name of 100,000 letters",
        "models within each other 25 deep",
        "a name that is a number",
        "no input layers",
    }
    return [
        Case(
            f"d {name} h5",
            (*GRAPH, *LIMIT, "UnsafeModelError", *(["open"] if name in unusual else [])),
            make,
            "",
        )
        for name, make in table.items()
    ]


UNITS = (0, -3, 2**31, 2**62, 10**17, 8.5, "3", True, None, [3], {}, [[]])

OPTIONS: dict[str, tuple[str, dict[str, object], tuple[object, ...]]] = {
    "Conv2D padding": ("Conv2D", {"padding": "sideways"}, (None, 8, 8, 3)),
    "Conv2D stride 0": ("Conv2D", {"strides": [0, 1]}, (None, 8, 8, 3)),
    "Conv2D stride -1": ("Conv2D", {"strides": [-1, -1]}, (None, 8, 8, 3)),
    "Conv2D groups 0": ("Conv2D", {"groups": 0}, (None, 8, 8, 3)),
    "Conv2D groups 2": ("Conv2D", {"groups": 2}, (None, 8, 8, 3)),
    "Conv2D dilation 0": ("Conv2D", {"dilation_rate": [0, 0]}, (None, 8, 8, 3)),
    "Conv2D kernel of 0": ("Conv2D", {"kernel_size": [0, 0]}, (None, 8, 8, 3)),
    "Conv2D kernel of 2^40": ("Conv2D", {"kernel_size": [1 << 40, 3]}, (None, 8, 8, 3)),
    "Conv2D kernel larger than the image": ("Conv2D", {}, (None, 2, 2, 3)),
    "Conv2D on a row": ("Conv2D", {}, (None, 3)),
    "Conv2D data_format": ("Conv2D", {"data_format": "channels_middle"}, (None, 8, 8, 3)),
    "Conv2D kernel of text": ("Conv2D", {"kernel_size": "3"}, (None, 8, 8, 3)),
    "Conv2D kernel of one axis too many": ("Conv2D", {"kernel_size": [3, 3, 3]}, (None, 8, 8, 3)),
}

PLAIN: dict[str, tuple[dict[str, object], tuple[object, ...]]] = {
    "Activation unknown": (layer("Activation", "part", activation="reluu"), (None, 4)),
    "Activation number": (layer("Activation", "part", activation=3), (None, 4)),
    "Activation nothing": (layer("Activation", "part", activation=None), (None, 4)),
    "Reshape too large": (layer("Reshape", "part", target_shape=[7]), (None, 4)),
    "Reshape two free": (layer("Reshape", "part", target_shape=[-1, -1]), (None, 4)),
    "Reshape negative": (layer("Reshape", "part", target_shape=[-5]), (None, 4)),
    "Reshape text": (layer("Reshape", "part", target_shape="4"), (None, 4)),
    "Permute out of range": (layer("Permute", "part", dims=[3, 1]), (None, 4, 2)),
    "Permute twice": (layer("Permute", "part", dims=[1, 1]), (None, 4, 2)),
    "Permute from zero": (layer("Permute", "part", dims=[0, 1]), (None, 4, 2)),
    "MaxPooling stride 0": (
        layer("MaxPooling2D", "part", pool_size=[2, 2], strides=[0, 0]),
        (None, 4, 4, 1),
    ),
    "MaxPooling of 0": (
        layer("MaxPooling2D", "part", pool_size=[0, 2], strides=None),
        (None, 4, 4, 1),
    ),
    "MaxPooling larger than the image": (
        layer("MaxPooling2D", "part", pool_size=[9, 9], strides=None, padding="valid"),
        (None, 4, 4, 1),
    ),
    "Cropping everything": (
        layer("Cropping2D", "part", cropping=[[3, 3], [3, 3]]),
        (None, 4, 4, 1),
    ),
    "Cropping negative": (layer("Cropping1D", "part", cropping=[-1, -1]), (None, 4, 1)),
    "ZeroPadding negative": (layer("ZeroPadding1D", "part", padding=[-3, 0]), (None, 4, 1)),
    "Dropout of 7": (layer("Dropout", "part", rate="much"), (None, 4)),
    "BatchNormalization axis 9": (layer("BatchNormalization", "part", axis=9), (None, 4)),
    "BatchNormalization axis text": (layer("BatchNormalization", "part", axis="last"), (None, 4)),
    "LayerNormalization axis 5": (layer("LayerNormalization", "part", axis=[5]), (None, 4)),
    "LayerNormalization epsilon text": (
        layer("LayerNormalization", "part", epsilon="small"),
        (None, 4),
    ),
    "Softmax axis 7": (layer("Softmax", "part", axis=7), (None, 4)),
    "Flatten data_format": (layer("Flatten", "part", data_format=3), (None, 4, 2)),
    "Rescaling text": (layer("Rescaling", "part", scale="big", offset=0), (None, 4)),
    "Rescaling of nothing": (layer("Rescaling", "part"), (None, 4)),
    "Normalization of another width": (
        layer("Normalization", "part", axis=-1, mean=[1, 2], variance=[1, 1]),
        (None, 4),
    ),
    "Normalization negative variance": (
        layer("Normalization", "part", axis=-1, mean=[0] * 4, variance=[-1] * 4),
        (None, 4),
    ),
    "Discretization not sorted": (
        layer("Discretization", "part", bin_boundaries=[3, 1, 2]),
        (None, 4),
    ),
    "Discretization texts": (layer("Discretization", "part", bin_boundaries=["a"]), (None, 4)),
    "CategoryEncoding 0 tokens": (
        layer("CategoryEncoding", "part", num_tokens=0, output_mode="one_hot"),
        (None, 1),
    ),
    "Hashing 0 bins": (layer("Hashing", "part", num_bins=0), (None, 1)),
    "Hashing -1 bins": (layer("Hashing", "part", num_bins=-1), (None, 1)),
    "Resizing to 0": (
        layer("Resizing", "part", height=0, width=4, interpolation="nearest"),
        (None, 4, 4, 1),
    ),
    "Resizing unknown": (
        layer("Resizing", "part", height=4, width=4, interpolation="magic"),
        (None, 8, 8, 1),
    ),
    "UpSampling by 0": (layer("UpSampling2D", "part", size=[0, 0]), (None, 4, 4, 1)),
    "UpSampling by -2": (layer("UpSampling2D", "part", size=[-2, 1]), (None, 4, 4, 1)),
    "RepeatVector -1": (layer("RepeatVector", "part", n=-1), (None, 4)),
    "RepeatVector text": (layer("RepeatVector", "part", n="3"), (None, 4)),
    "dtype string of a layer of numbers": (layer("ReLU", "part", dtype="string"), (None, 4)),
    "an unknown option that could matter": (layer("ReLU", "part", leak_everywhere=2), (None, 4)),
    "Merge of one": (layer("Add", "part"), (None, 4)),
    "Dot of one": (layer("Dot", "part", axes=1), (None, 4)),
    "TimeDistributed of nothing": (layer("TimeDistributed", "part"), (None, 4, 2)),
    "Bidirectional of nothing": (layer("Bidirectional", "part"), (None, 4, 2)),
    "RNN of nothing": (layer("RNN", "part"), (None, 4, 2)),
    "input of negative size": (layer("ReLU", "part"), (None, -4)),
    "input of text": (layer("ReLU", "part"), (None, "ten")),
    "input of a fraction": (layer("ReLU", "part"), (None, 4.5)),
    "input of 2^62": (layer("ReLU", "part"), (None, 1 << 62)),
    "input of rank 40": (layer("ReLU", "part"), (None, *[1] * 40)),
    "input of lists": (layer("ReLU", "part"), (None, [4])),
}

BOMBS: dict[str, tuple[list[dict[str, object]], tuple[object, ...]]] = {
    "RepeatVector of 10^9": ([layer("RepeatVector", "part", n=10**9)], (None, 10)),
    "UpSampling by 10^5": ([layer("UpSampling2D", "part", size=[10**5, 10**5])], (None, 4, 4, 1)),
    "UpSampling ten times by 10": (
        [layer("UpSampling2D", f"part_{n}", size=[10, 10]) for n in range(10)],
        (None, 4, 4, 1),
    ),
    "ZeroPadding by 10^6": (
        [layer("ZeroPadding2D", "part", padding=[[10**6, 0], [10**6, 0]])],
        (None, 4, 4, 1),
    ),
    "ZeroPadding by 2^62": ([layer("ZeroPadding1D", "part", padding=[2**62, 2**62])], (None, 4, 1)),
    "Resizing to 10^6": (
        [layer("Resizing", "part", height=10**6, width=10**6, interpolation="nearest")],
        (None, 4, 4, 1),
    ),
    "CategoryEncoding of 10^10": (
        [layer("CategoryEncoding", "part", num_tokens=10**10, output_mode="one_hot")],
        (None, 1),
    ),
    "input of 10^10 values": ([layer("ReLU", "part")], (None, 10**5, 10**5)),
    "CenterCrop to 10^7": (
        [layer("CenterCrop", "part", height=10**7, width=10**7)],
        (None, 4, 4, 1),
    ),
}


def _options() -> list[Case]:
    found = []
    for value in UNITS:
        config = sequential(dense(units=value))  # type: ignore[arg-type]
        found.append(Case(f"d units {value} h5", (*CONFIG, *LIMIT), partial(h5, config), "dense"))
        text = keras_config(config)
        found.append(
            Case(f"d units {value} keras", (*CONFIG, *LIMIT), partial(archive, text), "dense")
        )
    base = {
        "filters": 4,
        "kernel_size": [3, 3],
        "strides": [1, 1],
        "padding": "valid",
        "activation": "linear",
    }
    for name, (kind, options, shape) in OPTIONS.items():
        config = sequential(layer(kind, "part", **{**base, **options}), shape=shape)
        weights = {"part": {"kernel:0": [3, 3, 3, 4], "bias:0": [4]}}
        found.append(Case(f"d {name} h5", (*CONFIG, *LIMIT), partial(h5, config, weights), "part"))
    norm = {
        "part": {f"{role}:0": [4] for role in ("gamma", "beta", "moving_mean", "moving_variance")}
    }
    weights_of = {
        "BatchNormalization": norm,
        "LayerNormalization": {"part": {"gamma:0": [4], "beta:0": [4]}},
    }
    for name, (part, shape) in PLAIN.items():
        weights = weights_of.get(str(part["class_name"]), {})
        expected = (*CONFIG, *LIMIT, *_OPENS.get(name, ()))
        found.append(
            Case(f"d {name} h5", expected, partial(h5, sequential(part, shape=shape), weights), "")
        )
    for name, (parts, shape) in BOMBS.items():
        found.append(
            Case(f"d {name} h5", BOUND, partial(h5, sequential(*parts, shape=shape), {}), "")
        )
    return found


_OPENS = {
    "Activation nothing": ("open",),  # Keras takes it for linear
    "Dropout of 7": ("open",),  # only training reads its rate
    "Flatten data_format": ("open",),
    "an unknown option that could matter": (
        "open",
    ),  # newer versions of Keras add options; a warning says so
    "Merge of one": ("open",),
    "input of rank 40": ("open",),
}


def _weights() -> list[Case]:
    part = {"kernel:0": [4, 3], "bias:0": [3]}
    table: dict[str, object] = {
        "no weights": {},
        "weights of a layer that is not there": {"dense": part, "ghost": part},
        "three weights": {"dense": {**part, "bias_1:0": [3]}},
        "a kernel of another width": {"dense": {"kernel:0": [4, 4], "bias:0": [3]}},
        "a bias of another width": {"dense": {"kernel:0": [4, 3], "bias:0": [4]}},
        "a kernel of another depth": {"dense": {"kernel:0": [9, 3], "bias:0": [3]}},
        "a kernel and its bias exchanged": {"dense": {"bias:0": [3], "kernel:0": [4, 3]}},
    }
    found = [
        Case(f"d {name} h5", MISMATCH, partial(h5, None, weights), "")
        for name, weights in table.items()
    ]
    both = sequential(dense(units=4), dense("dense_1", 4))
    swapped = {"dense_1": TWO["dense_1"], "dense": TWO["dense"]}
    found.append(
        Case("d order of layers exchanged h5", MISMATCH, partial(h5, both, swapped), "dense")
    )
    roles = ("beta:0", "gamma:0", "moving_variance:0", "moving_mean:0")
    norm = {"norm": {role: [4] for role in roles}}
    config = sequential(layer("BatchNormalization", "norm", axis=-1, epsilon=1e-3))
    found.append(
        Case("d order of weights exchanged h5", MISMATCH, partial(h5, config, norm), "norm")
    )
    archives: dict[str, dict[str, list[list[int]]]] = {
        "no weights": {},
        "one weight": {"layers/dense": [[4, 3]]},
        "three weights": {"layers/dense": [[4, 3], [3], [3]]},
        "weights of a layer that is not there": {
            "layers/dense": [[4, 3], [3]],
            "layers/dense_1": [[4, 3], [3]],
        },
        "weights upside down": {"layers/dense": [[3], [4, 3]]},
        "weights of another width": {"layers/dense": [[4, 9], [9]]},
    }
    found += [
        Case(f"d {name} keras", MISMATCH, partial(archive, None, weights), "dense")
        for name, weights in archives.items()
    ]
    huge = sequential(layer("Embedding", "words", input_dim=10**11, output_dim=8), shape=(None, 3))
    found.append(
        Case(
            "d Embedding of 10^11 h5",
            BOUND,
            partial(h5, huge, {"words": {"embeddings:0": [4, 8]}}),
            "words",
        )
    )
    return found


def _merges() -> list[Case]:
    found = []
    table = {
        "Add of widths 4 and 3": (layer("Add", "merge"), ["x", "dense"]),
        "Concatenate along axis 9": (layer("Concatenate", "merge", axis=9), ["x", "dense"]),
        "Concatenate along the rows": (layer("Concatenate", "merge", axis=0), ["x", "dense"]),
        "Dot along axis 5": (layer("Dot", "merge", axes=[5, 5]), ["x", "dense"]),
        "Dot along a text": (layer("Dot", "merge", axes="last"), ["x", "dense"]),
        "Subtract of three": (layer("Subtract", "merge"), ["x", "x", "x"]),
    }
    for name, (part, sources) in table.items():
        config = functional(
            [source(), called(dense(), "x"), called(part, *sources)],
            [["x", 0, 0]],
            [["merge", 0, 0]],
        )
        found.append(Case(f"d {name} h5", CONFIG, partial(h5, config), "merge"))
    diamond = [source()]
    before = "x"
    for level in range(60):
        diamond.append(called(layer("Add", f"add_{level}"), before, before))
        before = f"add_{level}"
    config = functional(diamond, [["x", 0, 0]], [[before, 0, 0]])
    found.append(Case("d diamond of 2^60 paths h5", ("open",), partial(h5, config, {}), ""))
    chain = [layer("ReLU", f"part_{number}") for number in range(11_000)]
    found.append(
        Case(
            "d eleven thousand layers h5",
            LIMIT,
            partial(archive, keras_config(sequential(*chain)), {}),
            "",
        )
    )
    return found


def cases() -> list[Case]:
    """All of the family."""
    return [case for part in (_references, _forms, _options, _weights, _merges) for case in part()]
