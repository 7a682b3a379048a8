"""Detached signatures of model files in the OpenSSF Model Signing format, made and checked with key
files, offline.

A signature is a Sigstore bundle (JSON) of a DSSE envelope around an in-toto statement that lists
digests; the library model-signing writes and reads it (https://github.com/ossf/model-signing-spec).
A folder is signed with all its files. What is checked here is a copy of the bytes that are parsed
afterwards, so a file that changes in between gains nothing.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.artifact.containers.table import any_source, entrance, is_part
from keramos.artifact.files import read_bytes
from keramos.artifact.limits import LIMITS, Limits
from keramos.errors import (
    LimitExceededError,
    MissingExtraError,
    ModelError,
    SaveError,
    SignatureError,
    UsageError,
)
from keramos.platform.atomic_write import write_atomically
from keramos.platform.urls import is_url
from keramos.signing.bound import check_bound, statement, subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any

    from keramos.artifact.sources import ModelSource

SUFFIX = ".sig"
"""What the name of a signature adds to the name of its file."""

PASSWORD = "KERAMOS_KEY_PASSWORD"  # noqa: S105 (the name of an environment variable)
"""Environment variable with the password of an encrypted private key."""

_SIGNATURE_BYTES = 1 << 20
_SIGNATURE_LIMITS = Limits(file_bytes=_SIGNATURE_BYTES)
_EXPLAINED = {
    "Key mismatch": "it was made with another key",
    "Signature mismatch": "the file is not the one that was signed",
}
"""How the library's messages begin -> what they mean here; everything else is a signature that does
not hold.
"""


def sign(
    path: str | Path, *, key: str | Path, output: str | Path | None = None, name: str | None = None
) -> Path:
    """Write the signature of a file or folder, by default next to it as ``NAME.sig``; gives its
    path.

    With ``name`` (``MODEL`` or ``MODEL@VERSION``) stores and servers take the file under that name
    only.
    ``key`` is a PEM file with a private key on NIST P-256, P-384 or P-521. The password of an
    encrypted one is taken from the environment variable ``KERAMOS_KEY_PASSWORD``.

    Raises:
        ModelError: the file cannot be read.
        UsageError: the key cannot be used, or the name is none.
        SaveError: the signature could not be written.
        MissingExtraError: the library that signs is not installed.
    """
    library, path = _library("signing"), entrance(os.fspath(path))
    target = Path(output) if output else signature_path(path)
    if os.path.realpath(target) in {os.path.realpath(path), os.path.realpath(key)}:
        raise UsageError(
            "the signature would replace the model or the key",
            file=str(target),
            remedy="Write somewhere else",
        )
    source, password = any_source(path, LIMITS), os.environ.get(PASSWORD)
    if is_part(source):
        raise UsageError(
            "the file is one of several that make the model; a signature covers all of them",
            file=str(path),
            remedy="Sign the folder that holds them",
        )
    signer = _with_key(
        lambda: library.Config().use_elliptic_key_signer(
            private_key=_key_file(key), password=None if password is None else password.encode()
        ),
        f"{key} holds no private key that can sign (PEM, NIST P-256, P-384 or P-521)",
    )
    called = subject(name) if name else Path(os.path.realpath(path)).name
    with _copy(source, called) as (copy, written):
        signer.sign(copy, written)
        write_atomically(target, written.read_bytes())
    return target


def signature_path(path: str | Path) -> Path:
    """Where the signature of a file or folder is looked for."""
    return Path(f"{Path(path)}{SUFFIX}")


def _beside(path: str) -> str:
    """The path or URL of the signature of a file or folder; a query stays at the end of a URL."""
    if not is_url(path):
        return str(signature_path(path))
    head, mark, query = path.partition("?")
    return f"{head.rstrip('/')}{SUFFIX}{mark}{query}"


def signed_source(
    path: str | Path,
    limits: Limits = LIMITS,
    *,
    key: str | Path,
    signature: str | Path | None = None,
    served_as: tuple[str, int] | None = None,
    source_of: Callable[[str, Limits], ModelSource] = any_source,
) -> ModelSource:
    """The bytes of a file or folder that the owner of a key has signed; no other is parsed.

    ``key`` is a PEM file with the public key. The signature is ``NAME.sig`` next to the path unless
    it is named. ``source_of`` gives the bytes of a file or folder as they are. ``served_as``: the
    name and version under which it answers; a signature for a named model must be for this one.

    Raises:
        SignatureError: there is no signature, it does not hold for these bytes and this key, or it
            is for another model.
        ModelError: the file cannot be read.
        UsageError: the key cannot be used.
        MissingExtraError: the library that checks is not installed.
    """
    library = _library("verifying")
    verifier = _with_key(
        lambda: library.Config().use_elliptic_key_verifier(public_key=_key_file(key)),
        f"{key} holds no public key that can be checked against (PEM, NIST P-256, P-384 or P-521)",
    )
    path = os.fspath(path)
    path = path.removesuffix("/saved_model.pb") if is_url(path) else entrance(path)
    place = os.fspath(signature) if signature else _beside(path)
    source, bundle = source_of(path, limits), _bundle(path, place, source_of)
    with _copy(source, "model") as (copy, written):
        written.write_bytes(bundle)
        try:
            # The library prints advice about old signatures to standard output, which belongs to
            # the caller.
            with contextlib.redirect_stdout(io.StringIO()):
                verifier.verify(copy, written)
            covered = _covered(bundle)
        # Whatever a malformed signature does to its parser, the model stays unread.
        except Exception as error:
            raise _refusal(source.path, key, error) from error
    _check_covered(source, covered)
    if served_as is not None:
        check_bound(bundle, *served_as, source.path)
    return source


def new_key(name: str | Path) -> tuple[Path, Path]:
    """Write a new key pair: ``NAME.pem`` (private, readable by its owner only) and
    ``NAME.pub.pem``; gives both paths.

    Raises:
        UsageError: one of the files exists.
        MissingExtraError: the library that signs is not installed.
    """
    _library("signing")
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415 (an extra)
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    private, public = Path(f"{name}.pem"), Path(f"{name}.pub.pem")
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    shared = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(private, secret, 0o600)
    _write_new(public, shared, 0o644)
    return private, public


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise UsageError(
            "the file exists",
            file=str(path),
            remedy="Choose another name; keys are never overwritten",
        ) from None
    except OSError as error:
        raise SaveError(
            f"the file could not be written: {error.strerror}", file=str(path)
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _library(part: str) -> ModuleType:
    try:
        from model_signing import signing, verifying  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingExtraError(
            f"signatures need {error.name}", remedy="Install it with: pip install 'keramos[sign]'"
        ) from None
    return {"signing": signing, "verifying": verifying}[part]


def _key_file(key: str | Path) -> Path:
    if not Path(key).is_file():
        raise UsageError("the key file does not exist", file=str(key))
    return Path(key)


def _with_key(make: Callable[[], Any], otherwise: str) -> Any:  # noqa: ANN401 (objects of a library without types)
    try:
        return make()
    except UsageError:
        raise
    except Exception as error:
        hint = (
            f"; is it encrypted? Its password is read from {PASSWORD}"
            if "assword" in str(error)
            else ""
        )
        raise UsageError(f"{otherwise}{hint}") from error


def read_signature(place: str | Path) -> bytes:
    """The bytes of a signature; no more than one may have are read.

    Raises:
        ModelError: it is not a file of that size that can be read.
    """
    return read_bytes(os.fspath(place), _SIGNATURE_LIMITS)


def _bundle(source: str, place: str, source_of: Callable[[str, Limits], ModelSource]) -> bytes:
    try:
        if is_url(place):
            return source_of(place, _SIGNATURE_LIMITS).main
        return read_signature(place)
    except LimitExceededError as error:
        raise SignatureError(
            f"a signature has at most {_SIGNATURE_BYTES:,} bytes",
            received=f"{error.received} bytes in {place}",
            file=source,
        ) from None
    except ModelError as error:
        raise SignatureError(f"the file is not signed: {error}", file=source) from None


def _covered(bundle: bytes) -> frozenset[str]:
    """Names that the statement lists with a digest; called for signatures that hold."""
    resources = statement(bundle)["predicate"]["resources"]  # type: ignore[index] # checked JSON
    return frozenset(resource["name"] for resource in resources)


def _check_covered(source: ModelSource, covered: frozenset[str]) -> None:
    """Refuse parts without a digest in the statement, which may ask the library to ignore some."""
    if not covered:
        raise SignatureError(
            "the signature covers no file",
            file=source.path,
            remedy="Sign the file again with keramos sign",
        )
    # The digest of a single file is listed under the name that its signer's copy had.
    unsigned = [name for name in source.parts if name not in covered] if source.folder else []
    if unsigned:
        raise SignatureError(
            "the signature does not cover all files of the folder",
            received=f"unsigned: {', '.join(unsigned)[:200]}",
            file=source.path,
            remedy="Sign the folder again with keramos sign",
        )


def _refusal(source: str, key: str | Path, error: Exception) -> SignatureError:
    begun = str(error).partition(":")[0]
    reason = _EXPLAINED.get(
        begun, f"it is damaged or was made with another key ({type(error).__name__})"
    )
    return SignatureError(
        f"the signature does not hold for {key}: {reason}",
        file=source,
        remedy="Get it again from who signed it, or sign it anew; nothing of the file was read",
    )


@contextlib.contextmanager
def _copy(source: ModelSource, name: str) -> Iterator[tuple[Path, Path]]:
    """The bytes as files and a path for their signature, in a folder that only this user can enter.

    The library reads files, not bytes.
    """
    with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
        held = Path(folder, "held")
        held.mkdir()
        yield source.write(held, name), Path(folder, "signature")
