"""A recipe of pictures -> content for the network as it is, proven on small pictures."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np

from keramos.adoption.candidate import Published, Whole
from keramos.compile.emit import compile_network
from keramos.drawing.png import png
from keramos.runtime.session import Session
from keramos.tabular.image import golden_pictures
from keramos.tabular.media.resample_others import OTHERS
from keramos.types.artifact import Content
from keramos.types.schema import (
    ColumnPreparation,
    ColumnSchema,
    Preparation,
    Schema,
    TargetPreparation,
    TargetSchema,
)
from keramos.types.training import DecisionRule, GoldenRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keramos.adoption.pictures.labels import Named
    from keramos.adoption.wishes import Wishes
    from keramos.types.network import Network
    from keramos.types.schema import Picture

_SIZES = ((24, 18), (18, 24), (20, 20), (9, 30))  # width and height: wide, tall, square, narrow
_ABSOLUTE = 1e-4
"""Deep networks add in another order on another machine."""


def whole(
    network: Network,
    picture: Picture,
    named: Named,
    wishes: Wishes,
    app: tuple[Picture, str] | None = None,
) -> Whole:
    """The network with a schema of one column ``image``, its rule and golden pictures. ``app`` is
    how the source beside it prepares pictures otherwise, and where.
    """
    compiled = compile_network(network)
    text = tuple(base64.b64encode(one).decode() for one in golden_files())
    fed = np.stack([np.asarray(one) for one in golden_pictures(text, picture)])
    session, name = Session(compiled), compiled.inputs[0].name

    def run(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.asarray(session.run({name: pixels.astype("float32")})[0], "float64")

    def original(table: object) -> NDArray[np.float64]:
        return run(by_original_parts(_files(table), picture))

    answers = run(fed)
    rule = _rule(named, wishes.threshold, single=answers.shape[1] == 1)
    golden = GoldenRows(
        (text,),
        tuple(map(tuple, answers.tolist())),
        absolute=_ABSOLUTE,
        relative=1e-4,
        reference="keramos",
    )
    content = _content(name, picture, rule, wishes, golden)
    difference = float(np.abs(answers - run(by_original_parts(golden_files(), picture))).max())
    published = None
    if app is not None:
        published = Published(app[1], lambda table: run(by_original_parts(_files(table), app[0])))
    return Whole(network, content, difference, _preview(answers, rule), original, (), published)


def _content(
    name: str, picture: Picture, rule: DecisionRule, wishes: Wishes, golden: GoldenRows
) -> Content:
    column = ColumnPreparation("image", name, "image", "refuse", picture=picture)
    target = TargetSchema(
        wishes.target or "label",
        "binary" if rule.kind == "threshold" else "multiclass",
        "the network gives a score for each class",
        rule.labels,
    )
    return Content(
        schema=Schema((ColumnSchema("image", "image", "the model takes one picture"),), target),
        preparation=Preparation("minmax", False, (column,), TargetPreparation(), ()),
        rule=rule,
        golden=golden,
    )


def _preview(answers: NDArray[np.float64], rule: DecisionRule) -> str:
    """What the first golden picture gives, for people."""
    first = answers[0]
    best = int(first[0] >= rule.threshold) if rule.kind == "threshold" else int(first.argmax())
    return f"a picture of noise gives {rule.labels[best]}, {float(first.max()):.3g}"


def _files(table: object) -> list[bytes]:
    columns = getattr(table, "columns", {})
    return [bytes(cell) for cell in columns["image"].values.tolist()]


def by_original_parts(files: Sequence[bytes], picture: Picture) -> NDArray[np.float32]:
    """Pictures as an app prepares them, by Pillow itself, shape (rows, height, width, channels).

    Pillow 13 takes rows before columns for some shapes; there it differs from what files do. What
    OpenCV and TensorFlow do, Pillow cannot: those pictures are prepared as files do it.
    """
    if picture.method in OTHERS:
        text = tuple(base64.b64encode(one).decode() for one in files)
        return np.stack([np.asarray(one) for one in golden_pictures(text, picture)])
    from PIL import Image, ImageOps  # noqa: PLC0415 (an extra)

    size, method = (picture.width, picture.height), Image.Resampling[picture.method.upper()]
    found = []
    for data in files:
        with Image.open(io.BytesIO(data)) as opened:
            gray = picture.mode == "L" and picture.order == "convert"
            turned = ImageOps.exif_transpose(opened) if picture.orientation == "apply" else opened
            colours = turned.convert("L" if gray else "RGB")
        crop = picture.fit == "crop"
        fitted = ImageOps.fit(colours, size, method) if crop else colours.resize(size, method)
        fitted = fitted.convert("L") if picture.mode == "L" else fitted
        pixels = np.asarray(fitted).reshape(picture.height, picture.width, -1)
        found.append(pixels[..., ::-1] if picture.mode == "BGR" else pixels)
    scaled = np.stack(found).astype("float32") / np.float32(picture.divide)
    scaled = scaled - np.float32(picture.subtract)
    scaled = scaled - np.array(picture.means or 0, "float32")
    prepared: NDArray[np.float32] = scaled / np.array(picture.deviations or 1, "float32")
    return prepared


def _rule(named: Named, threshold: float | None, *, single: bool) -> DecisionRule:
    if not single:
        return DecisionRule("argmax", "the class with the largest score", named.labels)
    if threshold is None:
        return DecisionRule("threshold", "the usual threshold for a probability", named.labels)
    return DecisionRule("threshold", "given", named.labels, threshold)


def golden_files() -> list[bytes]:
    """Small pictures of noise over a gradient, always the same, as PNG files."""
    rng = np.random.default_rng(7)
    files = []
    for width, height in _SIZES:
        noise = rng.integers(0, 96, (height, width, 3))
        slope = np.linspace(0, 159, width).astype(int)[None, :, None]
        files.append(png((noise + slope).astype("uint8")))
    return files
