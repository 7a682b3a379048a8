"""TensorFlow's element types (tensorflow/core/framework/types.proto) by number."""

from __future__ import annotations

import numpy as np

STRING, BFLOAT16 = 7, 14

NAMES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    STRING: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    BFLOAT16: "bfloat16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    22: "uint32",
    23: "uint64",
}
"""Number -> name."""

_STORED_AS = {BFLOAT16: "uint16"}  # NumPy has no bfloat16
BYTES = {
    number: np.dtype(_STORED_AS.get(number, name)).newbyteorder("<")
    for number, name in NAMES.items()
    if number != STRING
}
"""Number -> NumPy's type of the stored bytes, little endian, for all but texts."""
