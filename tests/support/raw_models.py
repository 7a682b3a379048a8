"""Small adopted models of pictures, texts and series, made without Keras."""

import json
from itertools import pairwise

import numpy as np

import keramos
from keramos.artifact.write import write
from keramos.datasets import POTS
from keramos.types.network import Call, Layer, Network, TensorRef

WORDS = ["order", "late", "thanks", "hello", "parcel", "<img src=x>"]
WINDOW = 12
TOKENIZER = {
    "class_name": "Tokenizer",
    "config": {
        "num_words": None,
        "filters": "!?.,\t\n",
        "lower": True,
        "split": " ",
        "char_level": False,
        "oov_token": None,
        "document_count": 3,
        "word_counts": json.dumps(dict.fromkeys(WORDS, 1)),
        "word_docs": json.dumps(dict.fromkeys(WORDS, 1)),
        "index_docs": json.dumps({str(place): 1 for place in range(1, len(WORDS) + 1)}),
        "index_word": json.dumps({str(place): word for place, word in enumerate(WORDS, 1)}),
        "word_index": json.dumps({word: place for place, word in enumerate(WORDS, 1)}),
    },
}


def sequential(shape, *layers, dtype="float32"):
    """A network of layers one after the other; each is (class, options, weights)."""
    given = Layer("given", "InputLayer", {"batch_shape": [None, *shape], "dtype": dtype})
    made = [
        Layer(f"layer_{place}", kind, options, weights)
        for place, (kind, options, weights) in enumerate(layers)
    ]
    names = ["given", *(layer.name for layer in made)]
    calls = tuple(Call(name, (TensorRef(before),)) for before, name in pairwise(names))
    everything = {layer.name: layer for layer in [given, *made]}
    return Network("net", everything, calls, (TensorRef("given"),), (TensorRef(names[-1]),))


def drawn(*shapes):
    """Arrays of weights, always the same."""
    rng = np.random.default_rng(5)
    return tuple(rng.normal(size=shape).astype("float32") for shape in shapes)


def picture_model(path):
    """The drawn pots of the demo."""
    keramos.adopt(POTS).save(path)


def text_network():
    """Five words to three scores."""
    embedded = {"input_dim": len(WORDS) + 1, "output_dim": 4}
    return sequential(
        (5,),
        ("Embedding", embedded, drawn((len(WORDS) + 1, 4))),
        ("Flatten", {}, ()),
        ("Dense", {"units": 3, "activation": "softmax"}, drawn((20, 3), (3,))),
    )


def bag_network():
    """A bag of words to two scores."""
    size = len(WORDS)
    dense = ("Dense", {"units": 2, "activation": "softmax"}, drawn((size, 2), (2,)))
    return sequential((size,), dense)


def series_network():
    """A window of two columns to one number."""
    convolved = {"filters": 2, "kernel_size": 3, "padding": "valid", "activation": "linear"}
    return sequential(
        (WINDOW, 2),
        ("Conv1D", convolved, drawn((3, 2, 2), (2,))),
        ("Flatten", {}, ()),
        ("Dense", {"units": 1}, drawn((20, 1), (1,))),
    )


def text_model(path):
    """Three labels for six words."""
    folder = path.with_suffix("")
    folder.mkdir()
    write(folder / "model.keras", text_network(), None)
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    recipe = {"labels": ["ask", "<b>greet", "moan"], "settings": {"padding": "post"}}
    keramos.adopt(folder, recipe=recipe, choose=1).save(path)


def series_model(path):
    """The next price from the last rows of two columns."""
    folder = path.with_suffix("")
    folder.mkdir()
    write(folder / "model.keras", series_network(), None)
    recipe = {"columns": ["price", "volume"], "target": "price", "scaler": "none"}
    keramos.adopt(folder, recipe=recipe, choose=1).save(path)
