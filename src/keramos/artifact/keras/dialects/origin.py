"""Who wrote a file: which generation of Keras, which version, on which backend."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence


class Origin(Frozen, frozen=True):
    """What a dialect must know beside the config itself.

    ``generation`` is keras1, keras2 (both standalone Keras), tf_keras (inside or beside TensorFlow
    1 and 2) or keras3. ``version`` is as written, "" where the file does not say. ``data_format``
    is what layers of Keras 1 that do not state theirs used. ``notes`` says what was guessed.
    """

    generation: str
    version: str
    backend: str
    data_format: str = "channels_last"
    notes: tuple[str, ...] = ()


_KERAS_1_WORDS = r'"(output_dim|nb_filter|border_mode|dim_ordering|inner_activation|input_dtype)"'
_KERAS_3_WORDS = r'"(batch_shape|registered_name)"'
_UNSTATED = r'"(Cropping|UpSampling|ZeroPadding)[23]D"'
_VERSION = r"\d+\.\d+"
_IMAGE_SHAPE = r'"batch_input_shape": ?\[(?:null|\d+), ?(\d+), ?\d+, ?(?:\d+, ?)?(\d+)\]'
_FIRST_TF_ONLY_MINOR = 4  # standalone Keras ended with 2.3.1; every later 2.x is TensorFlow's


def origin_of(version: str, backend: str, config: str, weight_names: Sequence[str]) -> Origin:
    """Recognise the writer from what it recorded, and from the config's own words where it recorded
    nothing.
    """
    known = re.match(_VERSION, version) is not None
    generation = _by_version(version) if known else _by_words(config)
    notes = (
        []
        if known or not version
        else [f"the version '{version[:80]}' is none; the config's words tell who wrote"]
    )
    if generation != "keras1":
        return Origin(generation, version, backend, notes=tuple(notes))
    if not backend:
        backend = _backend_by_names(weight_names)
        if not weight_names:
            notes.append(
                "the file does not say its backend and has no weights that show it; Theano is "
                "assumed"
            )
    data_format, guessed = _data_format(config)
    if guessed and re.search(_UNSTATED, config):
        notes.append(
            f"layers that do not state their data format are taken as {data_format}, from the "
            "input's shape"
        )
    return Origin(generation, version, backend, data_format, tuple(notes))


def version_numbers(version: str) -> tuple[int, ...]:
    """Major, minor and so on; a version that is not given counts as the newest."""
    found = re.match(r"\d+(\.\d+)+", version)
    return tuple(int(number) for number in found[0].split(".")) if found else (99, 0)


def _by_version(version: str) -> str:
    major, _, rest = version.partition(".")
    if major != "2":
        return "keras1" if major in {"0", "1"} else "keras3"
    minor = rest.partition(".")[0]
    late = minor.isdigit() and int(minor) >= _FIRST_TF_ONLY_MINOR
    return "tf_keras" if late or "tf" in version else "keras2"


def _by_words(config: str) -> str:
    if re.search(_KERAS_3_WORDS, config) and "batch_input_shape" not in config:
        return "keras3"
    if '"registered_name"' in config or '"Functional"' in config:
        return "tf_keras"
    embeddings_only = (
        set(re.findall(_KERAS_1_WORDS, config)) <= {"output_dim"} and '"units"' in config
    )
    return "keras1" if re.search(_KERAS_1_WORDS, config) and not embeddings_only else "keras2"


def _backend_by_names(names: Sequence[str]) -> str:
    """Keras 1 does not say its backend, but only TensorFlow's variables have names that end in
    ``:0``.
    """
    return "tensorflow" if any(name.endswith(":0") for name in names) else "theano"


def _data_format(config: str) -> tuple[str, bool]:
    """Cropping, padding and upsampling layers of Keras 1 follow a setting that only other layers of
    the file show; without such layers, channels are taken to be fewer than rows and columns. Also
    says whether that was a guess.
    """
    stated = set(re.findall(r'"dim_ordering": ?"(th|tf)"', config))
    if len(stated) == 1:
        return ("channels_first" if stated == {"th"} else "channels_last"), False
    shape = re.search(_IMAGE_SHAPE, config)
    first = shape is not None and int(shape[1]) < int(shape[2])
    return ("channels_first" if first else "channels_last"), True
