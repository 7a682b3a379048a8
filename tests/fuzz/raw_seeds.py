"""Seeds of the targets in ``raw_targets``: small honest files of each form."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np

from hostile.test_pictures import SAVED, saved
from support.raw_models import TOKENIZER

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = {
    "pictures": """
import cv2
from tensorflow.keras.applications.vgg16 import preprocess_input
class_names = ["cat", "dog"]
image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
image = cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA) / 255.0
image = ImageOps.fit(Image.open(path).convert("RGB"), (224, 224), Image.Resampling.LANCZOS)
x = preprocess_input(img_to_array(load_img(path, target_size=(224, 224)))) / 127.5 - 1
""",
    "series": """
look_back = 60
features = ["Open", "Close"]
scaler = MinMaxScaler(feature_range=(0, 1))
data = scaler.fit_transform(df[["Close"]].values)
for i in range(look_back, len(data)):
    x.append(data[i - look_back:i, 0])
for day in range(30):
    window = np.append(window[1:], model.predict(window.reshape(1, 60, 1)))
price = scaler.inverse_transform(answer)
""",
    "texts": """
max_len = 20
labels = {0: "bad", 1: "good"}
def clean(text):
    return re.sub("[^a-z]", " ", text.lower())
ids = tokenizer.texts_to_sequences([clean(text)])
padded = pad_sequences(ids, maxlen=max_len, padding="post", truncating="pre")
answer = "good" if model.predict(padded)[0][0] > 0.5 else "bad"
""",
}


def raw_seeds() -> Iterator[tuple[str, str, bytes]]:
    """Target, name and bytes of each seed."""
    for target, seeds in _seeds().items():
        for name, data in seeds.items():
            yield target, name, data


def _seeds() -> dict[str, dict[str, bytes]]:
    return {
        "labels": {
            "numbered": b"0 cat\n1 dog house\n2 5 birds\n",
            "plain": "cat\r\nd\u00f6g\r\n".encode("utf-8-sig"),
            "tabs": b"0\tcat\n1\tdog",
        },
        "listed": _listed(),
        "arrays": _arrays(),
        "recipes": {
            "tables": b'target = "y"\ncolumns = ["a", "b"]\nlabels = [0, true, "x"]\n'
            b'threshold = 0.5\n[encoders]\na = "le.pkl"\nb = "none"\n',
            "pictures": b'labels_from = "l.txt"\n[settings]\nscale = "0..1"\nfit = "crop"\n',
        },
        "sources": {
            **{name: text.encode() for name, text in SOURCES.items()},
            "notebook": json.dumps(
                {"cells": [{"cell_type": "code", "source": ["%pip\n", "look_back = 5\n"]}]}
            ).encode(),
        },
        "pictures": {
            name.replace(" ", "_"): saved(name, (7, 5)) for name in SAVED if "jpeg in" not in name
        },
        "forms": {"form": _form()},
    }


def _listed() -> dict[str, bytes]:
    once = json.dumps(TOKENIZER)
    intents = {"intents": [{"tag": "hi", "patterns": ["hello"], "responses": ["hi", "hey"]}]}
    return {
        "tokenizer": once.encode(),
        "tokenizer_twice": json.dumps(once).encode(),
        "names": b'["cat", "dog"]',
        "places": b'{"cat": 0, "dog": 1}',
        "numbers": b'{"0": "cat", "1": "dog"}',
        "metadata": b'{"tmVersion": "2.4.10", "labels": ["cat", "dog"], "imageSize": 224}',
        "sounds": b'{"wordLabels": ["noise", "clap"]}',
        "intents": json.dumps(intents).encode(),
    }


def _arrays() -> dict[str, bytes]:
    named, packed, numbers = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(numbers, np.arange(6, dtype="float32").reshape(2, 3, order="F"))
    np.save(named, np.array(["cat", None, 3], dtype=object), allow_pickle=True)
    np.savez_compressed(packed, a=np.arange(3), b=np.array(["x", "yz"]))
    return {
        "numbers": numbers.getvalue(),
        "objects": named.getvalue(),
        "packed": packed.getvalue(),
    }


def _form() -> bytes:
    head = b'\r\nContent-Disposition: form-data; name="'
    return (
        b"--x" + head + b'c.series"\r\n\r\ndate,a,b\r\n2024-01-01,1,2\r\n2024-01-02,3,4\r\n'
        b"--x" + head + b'c.image"; filename="a.png"\r\n\r\n\x89PNG\r\n--x--\r\n'
    )
