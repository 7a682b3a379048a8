"""What calls of OpenCV, Pillow, Keras, TensorFlow and NumPy do to a picture on its way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keramos.adoption.pictures.code import METHODS_OF_WORDS, scale_of
from keramos.adoption.pictures.way import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keramos.adoption.pictures.code import Fit, Method

_THREE = 3
_NEUTRAL = frozenset(
    (
        *("array", "asarray", "asanyarray", "ascontiguousarray", "expand_dims", "reshape", "copy"),
        *("squeeze", "numpy", "convert_to_tensor", "constant", "fromarray", "load"),
        *("list", "tuple", "tolist", "array_to_img", "verify", "toarray", "atleast_3d", "Variable"),
        *("UMat", "deepcopy", "detach", "contiguous"),
    )
)
"""Last words of calls that leave the pixels as they are."""

_FLOATS = frozenset({"float32", "float64", "float16", "img_to_array", "float_"})
_CASTS = frozenset({"astype", "cast", "array", "asarray", "convert_to_tensor"})
_SILENT = frozenset(
    (
        *("imshow", "image", "print", "show", "save", "imwrite", "write", "len", "isinstance"),
        *("append", "type", "str", "close", "waitKey", "PhotoImage", "imsave", "info", "seek"),
    )
)
"""Calls that take a picture and give something else, or nothing."""

_SWAPS = {"COLOR_BGR2RGB": ("BGR", "RGB"), "COLOR_RGB2BGR": ("RGB", "BGR"),
          "COLOR_BGRA2RGB": ("BGR", "RGB"), "COLOR_RGBA2BGR": ("RGB", "BGR")}  # fmt: skip
_GRAYS = {"COLOR_BGR2GRAY": "BGR", "COLOR_RGB2GRAY": "RGB"}
_SAME = frozenset({"COLOR_RGBA2RGB", "COLOR_BGRA2BGR"})
_CAFFE = (103.939, 116.779, 123.68)
_MEANS, _DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_WORDS_OF: dict[str, frozenset[str]] = {
    "bicubic": frozenset(word for word in METHODS_OF_WORDS if not word.startswith("INTER")),
    "cv-linear": frozenset({"INTER_LINEAR", "INTER_AREA"}),
    "tf-bilinear": frozenset({"BILINEAR"}),
}
"""Usual method of a library -> the words of its methods that recipes have."""
_PILLOW_METHODS = ("nearest", "lanczos", "bilinear", "bicubic", "box")
"""By the numbers that Pillow gives them."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call: its name in full, its place, and the values of its arguments (None: not known)."""

    name: str
    where: str
    args: tuple[object, ...]
    options: dict[str, object]
    words: tuple[str, ...]
    """The arguments as they are written."""
    texts: dict[str, str]
    """Those with a name, as they are written."""
    method: bool = False
    """Whether it is called on the picture itself."""

    @property
    def last(self) -> str:
        """The last word of its name."""
        return self.name.rpartition(".")[2]

    @property
    def picture(self) -> Way | None:
        """The picture among its arguments, or in a list among them."""
        given = [*self.args, *self.options.values()]
        inside = [part for one in given if isinstance(one, tuple) for part in one]
        return most_told(given) or most_told(inside)

    def text(self, place: int, *names: str) -> str:
        """The word or number of an argument, or how it is written where that is not known; ""
        where it is not given.
        """
        plain = len(self.words) - len(self.texts)
        for name in names:
            if name in self.texts:
                return _said(self.options[name], self.texts[name])
        return _said(self.args[place], self.words[place]) if place < plain else ""

    def value(self, place: int, name: str) -> object:
        """An argument by its place or its name."""
        return self.options.get(name, self.args[place] if place < len(self.args) else None)


def _said(value: object, written: str) -> str:
    return str(value) if isinstance(value, (str, int)) else written


def source_of(called: Called) -> Way | None:
    """The picture that a call reads, if it reads one."""
    name, last = called.name, called.last
    if name.startswith("cv") and last in {"imread", "imdecode"}:
        return _by_opencv(called)
    if name in {"Image.open", "PIL.Image.open"} or last in {"grab", "screenshot"}:
        return Way("pillow")
    if last == "load_img":
        return _load_img(called)
    if last in {"decode_jpeg", "decode_image", "decode_png"}:
        return Way("tensorflow")
    if last in {"imread", "imopen"}:
        way = Way("other")
        plot = name.startswith(("plt", "matplotlib", "mpimg", "pyplot"))
        return (
            way.other(f"{called.where} calls {name}, which gives 0..1 or 0..255") if plot else way
        )
    return None


def _by_opencv(called: Called) -> Way:
    flag = called.words[1].rpartition(".")[2] if len(called.words) > 1 else ""
    way = Way("opencv", "BGR")
    if flag in {"0", "IMREAD_GRAYSCALE"}:
        return replace(way, order="L", gray="convert")
    odd = flag in {"-1", "IMREAD_UNCHANGED"}
    return way.other(f"{called.where} keeps alpha and 16 bits ({flag})") if odd else way


def _load_img(called: Called) -> Way:
    """``load_img``: gray before it resizes, nearest pixel where nothing else is said."""
    way = Way("keras")
    colour = called.options.get("color_mode")
    if colour == "grayscale" or called.options.get("grayscale") is True:
        way = replace(way, order="L", gray="convert")
    target = called.options.get("target_size")
    if "target_size" in called.options:
        word = str(called.options.get("interpolation", "nearest")).upper()
        size, method = _pair(target), METHODS_OF_WORDS.get(word)
        how: tuple[Fit, Method] = ("stretch", method or "nearest")
        way = way.resize(how, size and size[::-1], called.name, called.where)
        way = way if method else way.other(f"{called.where} resizes by another interpolation")
    if called.options.get("keep_aspect_ratio") is True:
        way = way.other(f"{called.where} keeps the proportions")
    return way


def _pair(value: object) -> tuple[int, int] | None:
    if isinstance(value, (tuple, list)) and len(value) >= 2:  # noqa: PLR2004 (two sides)
        first, second = value[0], value[1]
        if isinstance(first, int) and isinstance(second, int):
            return first, second
    return None


def step(way: Way, called: Called, families: dict[str, str]) -> Way | None:
    """A picture after a call; None where the call gives something else."""
    last = called.last
    if last in _SILENT:
        return None
    family = families.get(called.name)
    if last == "preprocess_input" or family:
        return _by_family(way, called, family or scale_of(called.name.split(".")[-2:-1]))
    if last in _NEUTRAL | _FLOATS | _CASTS:
        text = " ".join(called.words if called.method else called.words[1:])
        way = (
            way.other(f"{called.where} cuts fractions off") if "int" in text and way.floats else way
        )
        return replace(way, floats=way.floats or last in _FLOATS or "float" in text)
    found = _STEPS.get(last)
    return found(way, called) if found else way.other(f"{called.where} calls {called.name}")


def _by_family(way: Way, called: Called, scale: str) -> Way:
    where = called.where
    if scale == "-1..1":
        return way.affine((1 / 127.5,) * 3, (-1,) * 3, where)
    if scale == "0..255":
        return way
    if way.order == "L" or scale not in {"caffe", "torch"}:
        return way.other(f"{where} calls {called.name}, of an unknown family")
    if scale == "caffe":
        return way.swapped().affine((1,) * 3, tuple(-mean for mean in _CAFFE), where)
    times = tuple(1 / 255 / deviation for deviation in _DEVIATIONS)
    plus = tuple(-m / d for m, d in zip(_MEANS, _DEVIATIONS, strict=True))
    return way.affine(times, plus, where)


def _convert(way: Way, called: Called) -> Way:
    mode = called.args[0] if called.args else None
    if mode == "L":
        return way.to_gray(called.where)
    if mode == "RGB":
        gray = way.order == "L"
        return way.other(f"{called.where} makes three colours of gray") if gray else way
    return way.other(f"{called.where} converts to {mode}")


def _colour(way: Way, called: Called) -> Way:
    code = called.words[1].rpartition(".")[2] if len(called.words) > 1 else ""
    if code in _SWAPS:
        return way.swapped()
    if code in _GRAYS:
        gray = way.to_gray(called.where)
        right = way.order in (_GRAYS[code], "L")
        return gray if right else gray.other(f"{called.where} weighs blue as red")
    return way if code in _SAME else way.other(f"{called.where} converts by {code}")


def _resize(way: Way, called: Called) -> Way:
    name, where = called.name, called.where
    if called.method:
        word = called.text(1, "resample")
        way = _sized(way, called, "bicubic", _pair(called.value(0, "size")), word)
        return way.other(f"{where} resizes a part") if called.text(2, "box") else way
    if name.startswith("cv"):
        word = called.text(5, "interpolation") or called.text(2)
        size = _pair(called.value(1, "dsize"))
        return _sized(way, called, "cv-linear", size, word)
    if name.endswith("image.resize"):
        size = _pair(called.value(1, "size"))
        word = called.text(2, "method").replace("tf.image.ResizeMethod.", "")
        way = _sized(way, called, "tf-bilinear", size and size[::-1], word)
        odd = {"antialias", "preserve_aspect_ratio"} & called.texts.keys()
        return way.other(f"{where} resizes with {min(odd)}") if odd else way
    if name.startswith(("np.", "numpy.")):
        return way.other(f"{where} repeats or cuts the picture's numbers ({name})")
    return way.other(f"{where} calls {name}")


def _sized(
    way: Way,
    called: Called,
    usual: Method,
    size: tuple[int, int] | None,
    written: str,
    fit: Fit = "stretch",
) -> Way:
    """Resized by what is written for a method, or by the usual one of the library."""
    word = written.strip("'\"").rpartition(".")[2].upper()
    if word.isdecimal() and usual == "bicubic" and int(word) < len(_PILLOW_METHODS):
        word = _PILLOW_METHODS[int(word)].upper()
    known = word in _WORDS_OF[usual]
    method = usual if usual == "tf-bilinear" or not known else METHODS_OF_WORDS[word]
    found = way.resize((fit, method), size, called.name, called.where)
    if word in ("", "NONE") or known:
        return found
    return found.other(f"{called.where} resizes by {written[:40]}, which no recipe has")


def _fitted(way: Way, called: Called) -> Way:
    if called.name.rpartition(".")[0].rpartition(".")[2] != "ImageOps":
        return way.other(f"{called.where} calls {called.name}")
    size, word = _pair(called.value(1, "size")), called.text(2, "method")
    found = _sized(way, called, "bicubic", size, word, "crop")
    odd = {"bleed", "centering"} & called.texts.keys()
    return found.other(f"{called.where} cuts elsewhere than in the middle") if odd else found


def _stacked(way: Way, called: Called) -> Way:
    several = isinstance(called.args[0] if called.args else None, tuple)
    return way.other(f"{called.where} calls {called.name}") if several else way


def _inverted(way: Way, called: Called) -> Way:
    return way.affine((-1.0,) * 3, (255.0,) * 3, called.where)


def _arithmetic(sign: int, power: int) -> Callable[[Way, Called], Way]:
    def change(way: Way, called: Called) -> Way:
        number = called.args[1] if len(called.args) > 1 else None
        return by_number(way, number, sign, power, called.where)

    return change


def by_number(way: Way, number: object, sign: int, power: int, where: str) -> Way:
    """A picture after arithmetic with a number, or one for each colour: ``sign`` for a sum or a
    difference, ``power`` for a product or a quotient.
    """
    numbers = _numbers(number)
    if numbers is None or (power < 0 and 0 in numbers):
        return way.other(f"{where} reckons with what is not known here")
    if sign:
        return way.affine((1.0,) * 3, tuple(sign * one for one in numbers), where)
    return way.affine(tuple(one**power for one in numbers), (0.0,) * 3, where)


def _numbers(value: object) -> tuple[float, ...] | None:
    if isinstance(value, (int, float)):
        return (float(value),) * 3
    three = value if isinstance(value, (list, tuple)) and len(value) == _THREE else ()
    numbers = tuple(float(one) for one in three if isinstance(one, (int, float)))
    return numbers if len(numbers) == _THREE else None


def _dtype(way: Way, called: Called) -> Way:
    if way.floats:
        return way
    return way.affine((1 / 255,) * 3, (0.0,) * 3, called.where)


def _turned(way: Way, called: Called) -> Way:
    del called
    return replace(way, turned=True)


_STEPS: dict[str, Callable[[Way, Called], Way]] = {
    "convert": _convert,
    "cvtColor": _colour,
    "resize": _resize,
    "fit": _fitted,
    "divide": _arithmetic(0, -1),
    "true_divide": _arithmetic(0, -1),
    "multiply": _arithmetic(0, 1),
    "subtract": _arithmetic(-1, 0),
    "add": _arithmetic(1, 0),
    "convert_image_dtype": _dtype,
    "img_as_float": _dtype,
    "img_as_float32": _dtype,
    "exif_transpose": _turned,
    "invert": _inverted,
    "bitwise_not": _inverted,
    "stack": _stacked,
    "vstack": _stacked,
    "concatenate": _stacked,
    "rgb_to_grayscale": lambda way, called: way.to_gray(called.where),
    "grayscale": lambda way, called: way.to_gray(called.where),
}
"""Last word of a call -> what it does."""


def most_told(values: Sequence[object]) -> Way | None:
    """The picture among some values, the one that most was done to."""
    ways = [one for one in values if isinstance(one, Way)]
    return max(ways, key=lambda way: (way.fit is not None, bool(way.scaled)), default=None)
