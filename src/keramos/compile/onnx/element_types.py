"""ONNX' element types (TensorProto.DataType) by numpy's names."""

ELEMENT_TYPES = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "uint16": 4,
    "int16": 5,
    "int32": 6,
    "int64": 7,
    "str": 8,
    "bool": 9,
    "float16": 10,
    "float64": 11,
    "uint32": 12,
    "uint64": 13,
    "bfloat16": 16,
    "float8": 17,
}
"""Name -> number; ``float8`` is the e4m3fn of ONNX."""

NAMES = {number: name for name, number in ELEMENT_TYPES.items()}

_ROUNDING_ONLY = ("str", "float16", "bfloat16", "float8")
NUMBER_TYPES = tuple(name for name in ELEMENT_TYPES if name not in _ROUNDING_ONLY)
"""Types that models compute in; half precision only rounds."""
INPUT_TYPES = (*NUMBER_TYPES, "float16", "str")
"""Types that arrays given to a model have."""
