"""The model, and version, that a signature is for: the name of the subject of its statement.

A signature over bytes alone holds for an old file under any name. One that names its model holds
where a server or a store gives the file that name, and no other.
"""

from __future__ import annotations

import base64
import json
import re

from keramos.errors import SignatureError, UsageError, quoted

_BEGIN = "model="
"""What the name of such a subject begins with; other subjects are named for their file."""

_NAME = re.compile(r"[^/\\@\x00-\x1f]{1,150}(@[1-9]\d{0,17})?\Z")


def subject(name: str) -> str:
    """The subject of a signature for ``MODEL`` or ``MODEL@VERSION``.

    Raises:
        UsageError: it is neither.
    """
    if not _NAME.match(name):
        raise UsageError(
            "a signature is for MODEL or MODEL@VERSION, where VERSION is a number",
            received=quoted(name),
        )
    return f"{_BEGIN}{name}"


def bound_name(bundle: bytes) -> str:
    """The ``MODEL`` or ``MODEL@VERSION`` that a signature is for, "" where it names none.

    Whether the signature holds is not looked at; one that cannot be read names none.
    """
    try:
        name = str(statement(bundle)["subject"][0]["name"])  # type: ignore[index] # JSON
    except (ValueError, LookupError, TypeError):
        return ""
    return name.removeprefix(_BEGIN) if name.startswith(_BEGIN) else ""


def statement(bundle: bytes) -> dict[str, object]:
    """The in-toto statement of a signature."""
    found: dict[str, object] = json.loads(
        base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"])
    )
    return found


def check_bound(bundle: bytes, model: str, version: int, file: str) -> None:
    """Refuse a signature that is for another model, or another version of it.

    Raises:
        SignatureError: it is.
    """
    bound = bound_name(bundle)
    if bound not in ("", model, f"{model}@{version}"):
        raise SignatureError(
            f"the signature is for {quoted(bound)}",
            received=f"{model}@{version}",
            file=file,
            remedy="Use it under the name for which it was signed, or sign it for this one",
        )
