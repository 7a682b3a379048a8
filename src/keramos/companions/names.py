"""The names that a pickle may hold, and what becomes of them: plain values, arrays or records.

A name outside these tables is refused; a name inside is text that is compared, never looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.companions.numpy_values import (
    PendingArray,
    array_of,
    array_state,
    dtype_of,
    scalar_of,
)
from keramos.errors import CorruptModelError, ForeignCodeError, UnsupportedModelError
from keramos.types.companions import Name, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from keramos.companions.numpy_values import (
        Dtype,
    )

_TEXT_MODULES = (
    "keras_preprocessing.text",
    "keras.preprocessing.text",
    "keras.src.preprocessing.text",
    "keras.src.legacy.preprocessing.text",
    "tensorflow.python.keras.preprocessing.text",
)
TOKENIZERS = frozenset(f"{module}.Tokenizer" for module in _TEXT_MODULES)
"""The class of Keras tokenizers, under all names that it has had."""

_RECORDED = (
    "sklearn.preprocessing.",
    "sklearn.impute.",
    "sklearn.compose.",
    "sklearn.pipeline.",
    "sklearn.decomposition.",
    "sklearn.feature_selection.",
    "sklearn.feature_extraction.",
    "sklearn.utils.",
    "scipy.sparse.",
    "scipy.interpolate.",
    "scipy._lib.array_api_compat.",
    "pandas.core.indexes.",
    "pandas.core.arrays.",
    "pandas.arrays.",
    "feature_engine.encoding.",
)
"""Modules of which every class and function becomes a record."""

_NUMPY = ("numpy", "numpy.core._multiarray_umath", "numpy._core._multiarray_umath")
_FUNCTIONS = [
    "abs",
    "absolute",
    "arcsinh",
    "cbrt",
    "ceil",
    "cos",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "log",
    "log10",
    "log1p",
    "log2",
    "negative",
    "reciprocal",
    "rint",
    "round",
    "sign",
    "sin",
    "sqrt",
    "square",
    "tanh",
    "trunc",
    "ndarray",
    "dtype",
    "nan_to_num",
]
_TYPES = [
    "bool",
    "bool_",
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "str_",
    "object_",
]
_PYTHON = [
    "object",
    "int",
    "float",
    "str",
    "bool",
    "bytes",
    "list",
    "dict",
    "tuple",
    "set",
    "frozenset",
    "slice",
]
_KNOWN = frozenset(
    [
        *(f"{module}.{name}" for module in _NUMPY for name in [*_FUNCTIONS, *_TYPES]),
        *(f"{module}.{name}" for module in ("builtins", "__builtin__") for name in _PYTHON),
        *TOKENIZERS,
        "joblib.numpy_pickle.NumpyArrayWrapper",
        "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper",
        "collections.OrderedDict",
        "collections.defaultdict",
        "pandas.Index",
        "pandas.StringDtype",
    ]
)

_REASONS: tuple[tuple[str, str], ...] = (
    ("sklearn.", "a fitted model of scikit-learn, not a step before a network"),
    ("xgboost.", "a fitted model of XGBoost, not a step before a network"),
    ("lightgbm.", "a fitted model of LightGBM, not a step before a network"),
    ("catboost.", "a fitted model of CatBoost, not a step before a network"),
    ("joblib.numpy_pickle.NDArrayWrapper", "arrays in files of their own, as joblib before 0.10"),
    ("numpy.random.", "the state of a random generator"),
    ("keras.", "a whole Keras model in a pickle; name its .keras or .h5 file instead"),
    ("tensorflow.", "objects of TensorFlow, which are code"),
    ("torch.", "objects of PyTorch, which are code"),
    ("__main__.", "a class or function of the program that wrote it, which is code"),
    ("dill.", "code that dill stored"),
)


def known(name: Name) -> Name:
    """The name, if it may stand in a file.

    Raises:
        UnsupportedModelError: it belongs to a library of models.
        ForeignCodeError: it is any other name; nothing is looked up or called.
    """
    text = str(name)
    if text in _KNOWN or text in BUILDERS or text.startswith(_RECORDED):
        return name
    for prefix, reason in _REASONS:
        if text.startswith(prefix):
            kind = UnsupportedModelError if prefix.startswith(_LIBRARIES) else ForeignCodeError
            raise kind(f"the pickle names {text[:200]}: {reason}")
    raise ForeignCodeError(
        f"the pickle names {text[:200]!r}, which is code; it was not run",
        remedy="Do not trust the file",
    )


_LIBRARIES = ("sklearn.", "xgboost.", "lightgbm.", "catboost.", "joblib.", "numpy.")


def built(name: object, arguments: object) -> object:
    """What a call of that name stands for: a plain value, or a record of name and arguments.

    Raises:
        CorruptModelError: the arguments are not those of such a call.
    """
    if not isinstance(name, Name) or not isinstance(arguments, tuple):
        raise CorruptModelError("the pickle calls something that is not a name")
    builder = BUILDERS.get(str(name))
    if builder is None:
        return Record(name, arguments)
    try:
        return builder(*arguments)
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise CorruptModelError(
            f"the pickle gives {name} other arguments than it has ({str(error)[:120]})"
        ) from None


def _frombuffer(data: object, dtype: object, shape: object, order: str = "C") -> object:
    return array_of(dtype, shape, data, order=order)


def _dtype(code: object, *_: object) -> Dtype:
    return dtype_of(str(code).replace("numpy.", "") if isinstance(code, Name) else code)


def _pending(*_: object) -> PendingArray:
    return PendingArray()


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in {"latin1", "latin-1", "utf-8", "ascii"}:
        raise ValueError(encoding)
    return text.encode(encoding)


def _ordered(pairs: object = ()) -> dict[object, object]:
    return dict(pairs)  # type: ignore[call-overload,no-any-return]  # a list of pairs


def _default(*_: object) -> dict[object, object]:
    return {}


def _list(items: object = ()) -> list[object]:
    return list(_members(items))


def _set(items: object = ()) -> set[object]:
    return set(_members(items))


def _members(items: object) -> list[object] | tuple[object, ...]:
    if not isinstance(items, (list, tuple)):
        raise TypeError(type(items).__name__)
    return items


def _slice(*parts: object) -> slice:
    if not all(part is None or type(part) is int for part in parts):
        raise TypeError("slice")
    return slice(*parts)


def _reconstructed(kind: Name, base: object = None, state: object = None) -> Record:
    del base, state
    if not isinstance(kind, Name):
        raise TypeError("class")
    return Record(kind)


def _dill_array(name: object, arguments: object, state: object, extra: object = None) -> object:
    del name, arguments, extra
    return array_state(state)


def _index(kind: Name, parts: dict[str, object]) -> object:
    """A pandas Index as its values."""
    return parts["data"] if "data" in parts else Record(kind, (), dict(parts))


def _bytearray(data: object = b"", encoding: str = "latin1") -> bytes:
    if isinstance(data, str):
        return _encoded(data, encoding)
    if not isinstance(data, (bytes, bytearray)):
        raise TypeError("bytearray")
    return bytes(data)


BUILDERS: dict[str, Callable[..., object]] = {
    **dict.fromkeys(
        ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"), _pending
    ),
    **dict.fromkeys(("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"), scalar_of),
    **dict.fromkeys(
        ("numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"), _frombuffer
    ),
    "numpy.dtype": _dtype,
    "_codecs.encode": _encoded,
    "collections.OrderedDict": _ordered,
    "collections.defaultdict": _default,
    **{f"{module}.list": _list for module in ("builtins", "__builtin__")},
    **{f"{module}.set": _set for module in ("builtins", "__builtin__")},
    **{f"{module}.slice": _slice for module in ("builtins", "__builtin__")},
    **{f"{module}.bytearray": _bytearray for module in ("builtins", "__builtin__")},
    **{f"{module}.bytes": _bytearray for module in ("builtins", "__builtin__")},
    **{f"{module}._reconstructor": _reconstructed for module in ("copyreg", "copy_reg")},
    "dill._dill._create_array": _dill_array,
    "pandas.core.indexes.base._new_Index": _index,
    "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked": lambda kind, *_: Record(kind),
}
"""Name -> what a call of it gives, from its arguments."""
