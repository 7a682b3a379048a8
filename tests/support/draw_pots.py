"""Makes ``src/keramos/datasets/pots``: draws cups, bowls and vases, trains a small network in the
form of Teachable Machine on them, and writes the folder as Teachable Machine exports it. Needs
Keras and Pillow; run it as a program.
"""

import json
import math
import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from keramos.tabular.media.picture import prepared
from keramos.types.schema import Picture

LABELS = ("cup", "bowl", "vase")
SIDE, FINER = 224, 3
FOLDER = Path(__file__).parents[2] / "src" / "keramos" / "datasets" / "pots"
TEACHABLE = Picture(SIDE, SIDE, "RGB", "crop", "lanczos", 127.5, 1.0)
SHAPES = ((320, 240), (240, 320), (280, 280), (360, 220), (220, 330), (300, 260))


def outline(label, rng):
    """Half widths of a pot from its rim (0) to its foot (1); its height is 1."""
    heights = np.linspace(0, 1, 40)
    if label == "cup":
        return heights, 0.38 + rng.uniform(-0.03, 0.05) - 0.1 * heights
    if label == "bowl":
        round_ = np.sqrt(np.clip(1 - heights**2.2, 0.03, 1))
        return heights, (1.0 + rng.uniform(-0.1, 0.2)) * np.maximum(round_, 0.35)
    belly = np.exp(-(((heights - rng.uniform(0.55, 0.7)) / 0.25) ** 2))
    return heights, 0.13 + rng.uniform(0, 0.04) + 0.24 * belly + 0.05 * (heights < 0.06)


def draw(label, size, seed):
    """A picture of a pot, its colours, place, size and tilt by chance."""
    rng = random.Random(seed)  # noqa: S311 (drawings)
    width, height = (side * FINER for side in size)
    picture = Image.new("RGB", (width, height), ground(rng))
    pen = ImageDraw.Draw(picture)
    table = int(height * rng.uniform(0.6, 0.8))
    pen.rectangle((0, table, width, height), fill=ground(rng))
    tall = min(width, height) * (0.36 if label == "bowl" else 0.58) * rng.uniform(0.8, 1.15)
    middle = np.array([width / 2, height / 2]) + [rng.uniform(-0.07, 0.07) * tall] * 2
    turn = rng.uniform(-0.16, 0.16)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    heights, halves = outline(label, rng)
    right = np.stack([halves, heights - 0.5], 1)
    corners = np.concatenate([right, right[::-1] * [-1, 1]]) * tall
    clay = clay_of(rng)
    if label == "cup":
        ring = np.linspace(-1.25, 1.25, 24)
        loop = np.stack([0.25 + 0.3 * np.cos(ring), 0.3 * np.sin(ring) - 0.05], 1) * tall
        pen.line(points(loop, rotation, middle), fill=clay, width=int(tall * 0.09), joint="curve")
    pen.polygon(points(corners, rotation, middle), fill=clay)
    for band in range(rng.randint(0, 2)):
        at = int(len(heights) * (0.3 + 0.25 * band))
        ends = np.array([[halves[at], heights[at] - 0.5], [-halves[at], heights[at] - 0.5]])
        pen.line(points(ends * tall, rotation, middle), fill=ground(rng), width=int(tall * 0.04))
    return picture.resize(size, Image.Resampling.LANCZOS).filter(
        ImageFilter.GaussianBlur(rng.uniform(0, 1))
    )


def points(corners, rotation, middle):
    return [tuple(map(float, corner)) for corner in corners @ rotation.T + middle]


def ground(rng):
    base = rng.randint(150, 235)
    return tuple(min(255, max(0, base + rng.randint(-22, 22))) for _ in range(3))


def clay_of(rng):
    return rng.choice(((150, 62, 30), (60, 80, 120), (90, 54, 40), (40, 90, 70), (120, 40, 60)))


def built():
    """A network in the form of Teachable Machine, much smaller."""
    from keras import Sequential, layers

    body = Sequential(
        [
            layers.Input((SIDE, SIDE, 3)),
            layers.AveragePooling2D(4),
            *(
                layers.Conv2D(count, 3, 2, padding="same", activation="relu")
                for count in (8, 16, 24, 32)
            ),
            layers.GlobalMaxPooling2D(),
        ],
        name="sequential_1",
    )
    head = Sequential(
        [
            layers.Input((32,)),
            layers.Dense(100, activation="relu"),
            layers.Dense(len(LABELS), activation="softmax", use_bias=False),
        ],
        name="sequential_3",
    )
    return Sequential([layers.Input((SIDE, SIDE, 3)), body, head], name="sequential_4")


def tensors(count, first):
    """Prepared pictures, shape (count, side, side, 3), and their classes."""
    pictures = [draw(LABELS[each % 3], SHAPES[each % 6], first + each) for each in range(count)]
    return np.stack([prepared(as_png(one), TEACHABLE) for one in pictures]), np.arange(count) % 3


def as_png(picture):
    from io import BytesIO

    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def main():
    import keras

    keras.utils.set_random_seed(3)
    model = built()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    unseen = tensors(120, 1_000_000)
    model.fit(*tensors(900, 0), epochs=3, batch_size=32, validation_data=unseen, verbose=2)
    FOLDER.joinpath("photos").mkdir(parents=True, exist_ok=True)
    model.save(FOLDER / "keras_model.h5", include_optimizer=False)
    lines = [f"{place} {label}\n" for place, label in enumerate(LABELS)]
    FOLDER.joinpath("labels.txt").write_text("".join(lines))
    facts = {
        "tmVersion": "2.4.10",
        "packageName": "@teachablemachine/image",
        "modelName": "pots",
        "labels": LABELS,
        "imageSize": SIDE,
    }
    FOLDER.joinpath("metadata.json").write_text(json.dumps(facts) + "\n")
    for each, size in enumerate(SHAPES):
        label = LABELS[each % 3]
        picture = draw(label, size, 2_000_000 + each)
        picture.save(FOLDER / "photos" / f"{label}_{each // 3 + 1}.jpg", quality=80)


if __name__ == "__main__":
    main()
