"""Operations on texts, which run outside ONNX (keramos.runtime.strings)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keramos.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keramos.compile.onnx.graph import Value
    from keramos.compile.tensorflow_graph.operands import NodeCall, Operand

    Row = Callable[[NodeCall], tuple[Operand, ...]]

Shape = tuple[int | None, ...]

_REWRITE = 2
"""Input of RegexReplace that takes the place of a match."""


def _text(n: NodeCall, index: int = 0) -> Value:
    x = n.value(index)
    if x.dtype != "str":
        raise UnsupportedModelError("texts are needed", received=x.dtype)
    return x


def _broadcast(*shapes: Shape) -> Shape:
    """The shape of several tensors together, where no size is wrong."""
    rank = max(map(len, shapes))
    wide = [(*(1,) * (rank - len(shape)), *shape) for shape in shapes]
    return tuple(
        next((size for size in sizes if size != 1), 1) if None not in sizes else None
        for sizes in zip(*wide, strict=True)
    )


def _known_text(n: NodeCall, index: int, what: str) -> str:
    return str(n.known(index, what).item())


def _strip(n: NodeCall) -> tuple[Operand, ...]:
    x = _text(n)
    return (n.g.host("text_strip", {}, [x], ("str", x.shape)),)


def _cased(kind: str) -> Row:
    def build(n: NodeCall) -> tuple[Operand, ...]:
        x, wide = _text(n), str(n.attribute("encoding", "")).lower() in ("utf-8", "utf8")
        return (n.g.host(kind, {"wide": wide}, [x], ("str", x.shape)),)

    return build


def _replace(n: NodeCall) -> tuple[Operand, ...]:
    x, every = _text(n), bool(n.attribute("replace_global", default=True))
    if len(n.operands) > _REWRITE:
        pattern, rewrite = (_known_text(n, i, "the expression") for i in (1, _REWRITE))
    else:
        pattern, rewrite = (str(n.attribute(name, "")) for name in ("pattern", "rewrite"))
    config = {"pattern": pattern, "rewrite": rewrite, "every": every}
    return (n.g.host("text_replace", config, [x], ("str", x.shape)),)


def _match(n: NodeCall) -> tuple[Operand, ...]:
    x = _text(n)
    known = len(n.operands) > 1
    pattern = _known_text(n, 1, "the expression") if known else str(n.attribute("pattern", ""))
    return (n.g.host("text_match", {"pattern": pattern}, [x], ("bool", x.shape)),)


def _split(n: NodeCall) -> tuple[Operand, ...]:
    x, by, each = _text(n), _known_text(n, 1, "what separates"), n.op == "StringSplit"
    if each and not by:
        raise UnsupportedModelError("splitting into bytes is not supported", option="delimiter")
    config = {
        "by": by,
        "each": each,
        "most": n.integer("maxsplit", -1),
        "skip": bool(n.attribute("skip_empty", default=True)),
    }
    kinds = {"places": ("int64", (None, 2)), "words": ("str", (None,)), "shape": ("int64", (2,))}
    return tuple(
        n.g.host("text_split", {**config, "part": part}, [x], kind) for part, kind in kinds.items()
    )


def _join(n: NodeCall) -> tuple[Operand, ...]:
    parts = [_text(n, i) for i in range(len(n.operands))]
    shape = _broadcast(*(one.shape for one in parts))
    config = {"by": str(n.attribute("separator", ""))}
    return (n.g.host("text_join", config, parts, ("str", shape)),)


def _join_axis(n: NodeCall) -> tuple[Operand, ...]:
    x, keep = _text(n), bool(n.attribute("keep_dims", default=False))
    axes = [axis % x.rank for axis in n.ints(1, "the axes")]
    config = {"by": str(n.attribute("separator", "")), "axes": axes, "keep": keep}
    if not axes:
        return (x,)
    shape = [1 if i in axes else size for i, size in enumerate(x.shape) if keep or i not in axes]
    return (n.g.host("text_join_axis", config, [x], ("str", tuple(shape))),)


def _length(n: NodeCall) -> tuple[Operand, ...]:
    x, wide = _text(n), n.attribute("unit", "BYTE") == "UTF8_CHAR"
    return (n.g.host("text_length", {"wide": wide}, [x], ("int32", x.shape)),)


def _part(n: NodeCall) -> tuple[Operand, ...]:
    parts = [_text(n), n.value(1), n.value(2)]
    shape = _broadcast(*(one.shape for one in parts))
    wide = n.attribute("unit", "BYTE") == "UTF8_CHAR"
    return (n.g.host("text_part", {"wide": wide}, parts, ("str", shape)),)


def _number(n: NodeCall) -> tuple[Operand, ...]:
    x, dtype = _text(n), str(n.attribute("out_type", "float32"))
    return (n.g.host("text_number", {"dtype": dtype}, [x], (dtype, x.shape)),)


def _as_text(n: NodeCall) -> tuple[Operand, ...]:
    x = n.value(0)
    plain = n.integer("width", -1) == -1 and not n.attribute("fill", "")
    if x.dtype.startswith("float") or not plain:
        raise UnsupportedModelError("only whole numbers are written", received=x.dtype)
    return (n.g.host("text_as", {}, [x], ("str", x.shape)),)


def _hash(n: NodeCall) -> tuple[Operand, ...]:
    x, salt = _text(n), n.integers("key") or None
    config = {"bins": n.integer("num_buckets", 1), "salt": salt}
    return (n.g.host("hash", config, [x], ("int64", x.shape)),)


def _characters(n: NodeCall) -> tuple[Operand, ...]:
    x, dtype = _text(n), str(n.attribute("Tsplits", "int64"))
    if str(n.attribute("input_encoding", "UTF-8")) != "UTF-8":
        raise UnsupportedModelError("only UTF-8 is supported", option="input_encoding")
    kinds = {"ends": (dtype, (None,)), "codes": ("int32", (None,)), "starts": ("int64", (None,))}
    parts = list(kinds)[: 3 if n.op.endswith("Offsets") else 2]
    return tuple(
        n.g.host("text_characters", {"part": part, "dtype": dtype}, [x], kinds[part])
        for part in parts
    )


def _encode(n: NodeCall) -> tuple[Operand, ...]:
    size = n.value(1).shape[0]
    shape = (None if size is None else size - 1,)
    return (n.g.host("text_encode", {}, [n.value(0), n.value(1)], ("str", shape)),)


def _runs(n: NodeCall) -> tuple[Operand, ...]:
    x, ends = _text(n), n.value(1)
    config = {
        "by": str(n.attribute("separator", " ")),
        "widths": n.integers("ngram_widths"),
        "left": str(n.attribute("left_pad", "")),
        "right": str(n.attribute("right_pad", "")),
        "pad": n.integer("pad_width", 0),
        "short": bool(n.attribute("preserve_short_sequences", default=False)),
    }
    kinds = {"runs": ("str", (None,)), "ends": (ends.dtype, ends.shape)}
    return tuple(
        n.g.host("text_runs", {**config, "part": part}, [x, ends], kind)
        for part, kind in kinds.items()
    )


ROWS: Mapping[str, Row] = {
    "AsString": _as_text,
    "ReduceJoin": _join_axis,
    "RegexFullMatch": _match,
    "RegexReplace": _replace,
    "StaticRegexFullMatch": _match,
    "StaticRegexReplace": _replace,
    "StringJoin": _join,
    "StringLength": _length,
    "StringLower": _cased("text_lower"),
    "StringNGrams": _runs,
    "StringSplit": _split,
    "StringSplitV2": _split,
    "StringStrip": _strip,
    "StringToHashBucketFast": _hash,
    "StringToHashBucketStrong": _hash,
    "StringToNumber": _number,
    "StringUpper": _cased("text_upper"),
    "Substr": _part,
    "UnicodeDecode": _characters,
    "UnicodeDecodeWithOffsets": _characters,
    "UnicodeEncode": _encode,
}
"""Operation -> what compiles it."""
