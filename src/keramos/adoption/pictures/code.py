"""What the source of an app says about its pictures. It is read as a syntax tree, never run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from keramos.adoption.source import trees

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Fit = Literal["crop", "stretch"]
Method = Literal[
    "nearest", "box", "bilinear", "bicubic", "lanczos", "cv-linear", "cv-area", "tf-bilinear"
]

_LARGEST_BYTE = 255
_FITS: dict[str, tuple[Fit, Method]] = {
    "ImageOps.fit": ("crop", "bicubic"),
    "load_img": ("stretch", "nearest"),
    "cv2.resize": ("stretch", "cv-linear"),
    "image.resize": ("stretch", "tf-bilinear"),
    ".resize": ("stretch", "bicubic"),
}
"""A call, by its end -> how it fits a picture, with its default method; the first that fits."""
_TENSORFLOW = ("tf.image.resize", "tensorflow.image.resize")
METHODS_OF_WORDS: dict[str, Method] = {
    "NEAREST": "nearest",
    "BOX": "box",
    "BILINEAR": "bilinear",
    "BICUBIC": "bicubic",
    "LANCZOS": "lanczos",
    "ANTIALIAS": "lanczos",
    "INTER_LINEAR": "cv-linear",
    "INTER_AREA": "cv-area",
}
UNKNOWN_METHODS = ("INTER_CUBIC", "INTER_NEAREST", "INTER_LANCZOS4", "INTER_NEAREST_EXACT",
                   "INTER_LINEAR_EXACT", "HAMMING")  # fmt: skip
_MODES = {"COLOR_BGR2RGB": "RGB", "COLOR_RGB2BGR": "BGR", "COLOR_BGR2GRAY": "L"}
_FAMILIES = {
    "-1..1": ("mobilenet", "mobilenet_v2", "inception_v3", "xception", "resnet_v2", "nasnet",
              "inception_resnet_v2"),
    "caffe": ("vgg16", "vgg19", "resnet50", "resnet"),
    "torch": ("densenet",),
    "0..255": ("efficientnet", "efficientnet_v2", "mobilenet_v3", "convnext"),
}  # fmt: skip
_LABELS = frozenset({"classes", "class_names", "labels", "categories", "names", "label_map"})


@dataclass(frozen=True, slots=True)
class Hint:
    """One statement of the source: what it decides, its value, and the file and line; ``call`` is
    the call that says it.
    """

    what: str
    value: str
    where: str
    call: str = ""


def hints(paths: Sequence[str]) -> list[Hint]:
    """Scales, fits, colours and decoders that the sources state, files of Python first."""
    ordered = sorted(paths, key=lambda path: not path.endswith(".py"))
    return [hint for name, tree in trees(ordered) for hint in _of_tree(name, tree)]


def _of_tree(name: str, tree: ast.Module) -> Iterator[Hint]:
    families = dict(families_of(tree))
    for node in sorted(ast.walk(tree), key=lambda one: getattr(one, "lineno", 0)):
        where = f"{name}:{getattr(node, 'lineno', 0)}"
        for what, value, call in (*_said(node), *_called(node, families)):
            yield Hint(what, value, where, call)


def families_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names of ``preprocess_input`` -> the scale of the family that it is imported from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            family = node.module.rpartition(".")[2]
            for alias in node.names:
                if alias.name == "preprocess_input" and (scale := _scale_of(family)):
                    yield alias.asname or alias.name, scale


def _scale_of(family: str) -> str:
    return next((scale for scale, names in _FAMILIES.items() if family in names), "")


def scale_of(words: Sequence[str]) -> str:
    """The scale of the family whose module some words name, "" where they name none."""
    return next(filter(None, map(_scale_of, words)), "")


def _said(node: ast.AST) -> Iterator[tuple[str, str, str]]:
    """Scales in arithmetic."""
    if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
        if isinstance(node.op, ast.Sub) and _is_divided(node.left, (127.5, 127.0, 127)):
            yield "scale", "-1..1", ""
        elif _is_divided(node, (255, 255.0)):
            yield "scale", "0..1", ""
    if isinstance(node, ast.AugAssign) and _is_by(node, ast.Div):
        yield "scale", "0..1", ""
    if isinstance(node, ast.keyword) and node.arg == "rescale" and _is_rescale(node.value):
        yield "scale", "0..1", "rescale"
    if isinstance(node, ast.Assign) and (names := _names(node)):
        yield "labels", "\n".join(names), ""


def _is_by(node: ast.AugAssign, operator: type[ast.operator]) -> bool:
    return isinstance(node.op, operator) and getattr(node.value, "value", None) == _LARGEST_BYTE


def _is_rescale(node: ast.AST) -> bool:
    return _is_divided(node, (255, 255.0))


def _called(node: ast.AST, families: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Fits, colours and families in calls."""
    if not isinstance(node, ast.Call):
        return
    called = ast.unparse(node.func)
    end = called.rpartition(".")[2]
    if called in families:
        yield "scale", families[called], called
    elif end == "preprocess_input" and (
        scale := _scale_of(called.rpartition(".")[0].rpartition(".")[2])
    ):
        yield "scale", scale, called
    if found := _fit(called, node):
        yield "fit", "/".join(found), called
    if end == "cvtColor" and len(node.args) > 1:
        mode = _MODES.get(ast.unparse(node.args[1]).rpartition(".")[2])
        yield from [("mode", mode, called)] if mode else []
    if end in {"imread", "imdecode", "VideoCapture"} and called.startswith("cv"):
        yield "decoder", "opencv", called
    if end == "convert" and node.args and getattr(node.args[0], "value", None) in ("L", "RGB"):
        yield "mode", str(getattr(node.args[0], "value", "")), called


def _fit(called: str, node: ast.Call) -> tuple[str, str] | None:
    """How a call fits a picture, and by which method, where both are known."""
    name = next((name for name in _FITS if called.endswith(name)), None)
    if name is None or (name == "image.resize" and called not in _TENSORFLOW):
        name = ".resize" if called.endswith(".resize") else name
    if name is None or (name == "load_img" and not _has(node, "target_size")):
        return None
    if name == ".resize" and called.startswith(("np.", "numpy.", "self.")):
        return None
    fit, method = _FITS[name]
    for given in [*node.args[1:], *(one.value for one in node.keywords)]:
        word = ast.unparse(given).strip("'\"").rpartition(".")[2].upper()
        if word in UNKNOWN_METHODS:
            return None
        if word in METHODS_OF_WORDS and not (name == "image.resize" and word == "BILINEAR"):
            method = METHODS_OF_WORDS[word]
    return fit, method


def _has(node: ast.Call, name: str) -> bool:
    return any(one.arg == name for one in node.keywords)


def _names(node: ast.Assign) -> tuple[str, ...]:
    """A list of names, or a dict of names and places, that is called labels."""
    called = ast.unparse(node.targets[0]).rpartition(".")[2].lower()
    if called not in _LABELS and not called.endswith(("_labels", "_classes", "_names")):
        return ()
    try:
        value = ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ()
    if isinstance(value, dict):
        pairs = [
            (key, name) if isinstance(key, int) else (name, key) for key, name in value.items()
        ]
        places = dict(pairs)
        if set(places) != set(range(len(value))):
            return ()
        value = [places[place] for place in range(len(places))]
    if not isinstance(value, (list, tuple)) or len(value) < 2:  # noqa: PLR2004 (a choice)
        return ()
    return tuple(value) if all(isinstance(one, str) for one in value) else ()


def _is_divided(node: ast.AST, by: tuple[float, ...]) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and getattr(node.right, "value", None) in by
    )


def fit_of(value: str) -> tuple[Fit, Method]:
    """How a hint fits a picture, and by which method."""
    fit, _, method = value.partition("/")
    return cast("Fit", fit), cast("Method", method)
