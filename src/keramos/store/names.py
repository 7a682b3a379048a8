"""What models, versions, labels and files may be called: TensorFlow Serving's rules, so that its
tools agree.

A version is a folder whose name is a non-negative int64 in decimal; other folders are ignored. A
label is made of letters, digits and underscores (tensorflow_serving/model_servers/server_core.cc).
A model's name is one step of a path.
"""

from __future__ import annotations

import re

from keramos.errors import UsageError
from keramos.signing.signing import SUFFIX

LISTING = ".sha256"
"""What the name of a model of several files is followed by, for the listing of those files that a
remote store keeps beside them.
"""

LABELS = "labels.json"
"""The file of labels inside a model's folder."""

SIGNATURE = SUFFIX
"""What the name of a model is followed by, for its signature; both are stored together."""

_MODEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LABEL = re.compile(r"[A-Za-z0-9_]{1,128}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_LARGEST = 2**63 - 1


def version_number(name: str) -> int | None:
    """The version that a folder of this name holds; None where the name is not a version."""
    if not _NUMBER.fullmatch(name) or int(name) > _LARGEST:
        return None
    return int(name)


def is_model(name: str) -> bool:
    """Whether a folder of this name can hold a model's versions."""
    return _MODEL.fullmatch(name) is not None


def check_model(name: str) -> str:
    """The name of a model, checked.

    Raises:
        UsageError: a model cannot have this name.
    """
    if not is_model(name):
        raise UsageError(
            "the name of a model is letters, digits, '_', '-' and '.', and does not begin with "
            "'-' or '.'",
            received=repr(name),
        )
    return name


def check_label(name: str) -> str:
    """A label, checked.

    Raises:
        UsageError: a label cannot have this name.
    """
    if not _LABEL.fullmatch(name):
        raise UsageError("a label is letters, digits and '_'", received=repr(name))
    return name
