"""Who wrote a file: which generation of Keras, which version, on which backend."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Origin:
    """What a dialect must know beside the config itself.

    ``generation`` is keras1, keras2 (both standalone Keras), tf_keras (inside or beside TensorFlow 1 and 2) or
    keras3. ``version`` is as written, "" where the file does not say. ``data_format`` is what layers of Keras 1 that
    do not state theirs used.
    """

    generation: str
    version: str
    backend: str
    data_format: str = "channels_last"


_KERAS_1_WORDS = re.compile(r'"(output_dim|nb_filter|border_mode|dim_ordering|inner_activation|input_dtype)"')
_KERAS_3_WORDS = re.compile(r'"(batch_shape|registered_name)"')
_FIRST_TF_ONLY_MINOR = 4  # standalone Keras ended with 2.3.1; every later 2.x is TensorFlow's


def origin_of(version: str, backend: str, config: str, weight_names: Sequence[str]) -> Origin:
    """Recognise the writer from what it recorded, and from the config's own words where it recorded nothing."""
    generation = _by_version(version) if version else _by_words(config)
    if generation == "keras1" and not backend:
        backend = _backend_by_names(weight_names)
    return Origin(generation, version, backend, _data_format(config))


def _by_version(version: str) -> str:
    major, _, rest = version.partition(".")
    if major != "2":
        return "keras1" if major in {"0", "1"} else "keras3"
    minor = rest.partition(".")[0]
    late = minor.isdigit() and int(minor) >= _FIRST_TF_ONLY_MINOR
    return "tf_keras" if late or "tf" in version else "keras2"


def _by_words(config: str) -> str:
    if _KERAS_3_WORDS.search(config) and "batch_input_shape" not in config:
        return "keras3"
    if '"registered_name"' in config or '"Functional"' in config:
        return "tf_keras"
    embeddings_only = set(_KERAS_1_WORDS.findall(config)) <= {"output_dim"} and '"units"' in config
    return "keras1" if _KERAS_1_WORDS.search(config) and not embeddings_only else "keras2"


def _backend_by_names(names: Sequence[str]) -> str:
    """Keras 1 does not say its backend, but only TensorFlow's variables have names that end in ``:0``."""
    return "tensorflow" if not names or any(name.endswith(":0") for name in names) else "theano"


def _data_format(config: str) -> str:
    """Cropping, padding and upsampling layers of Keras 1 follow a setting that only other layers of the file show."""
    first = re.search(r'"dim_ordering": ?"th"', config) and not re.search(r'"dim_ordering": ?"tf"', config)
    return "channels_first" if first else "channels_last"
