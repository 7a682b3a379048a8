"""The models of a configuration file of TensorFlow Serving (``--model_config_file``).

Facts: ``tensorflow_serving/config/model_server_config.proto``, ``file_system_storage_path.proto``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from keramos.artifact.files import read_bytes
from keramos.errors import ModelError, StoreError, UsageError, located
from keramos.serving.registry.text_protobuf import parse_text
from keramos.store.names import check_label, check_model
from keramos.store.store import Store
from keramos.types.limits import Limits
from keramos.types.serving import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from keramos.serving.registry.text_protobuf import Message
    from keramos.types.versions import Version

_BYTES = 1 << 20
_HEAD = 1 << 12
_BEGINS = re.compile(rb"(?:\s|#[^\n]*\n)*model_config_list\b")
_FIELDS = frozenset(
    (
        *("name", "base_path", "model_platform", "model_type", "model_version_policy"),
        *("version_labels", "logging_config"),
    )
)
_POLICIES = frozenset(("latest", "all", "specific"))


@dataclass(frozen=True, slots=True)
class Configured:
    """One model: its name, the folder or URL of its versions, which of them are served (the
    ``newest`` so many, ``exactly`` these, or all), and its labels.
    """

    name: str
    base_path: str
    newest: int
    exactly: frozenset[int]
    labels: dict[int, tuple[str, ...]]

    def served(self, found: Sequence[Version]) -> list[Version]:
        """The versions that the policy takes, under the name and with the labels."""
        kept = sorted(found, key=lambda version: version.number)
        kept = [one for one in kept if not self.exactly or one.number in self.exactly]
        kept = kept[-self.newest :] if self.newest else kept
        return [
            replace(one, model=self.name, labels=self.labels.get(one.number, ())) for one in kept
        ]


def is_config(path: Path) -> bool:
    """Whether a file begins as such a configuration."""
    try:
        with path.open("rb") as file:
            return _BEGINS.match(file.read(_HEAD)) is not None
    except OSError:
        return False


class ConfigSource:
    """A ``Source`` of the models of a configuration, which is read again at each look."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stores: dict[str, Store] = {}
        self._held: dict[str, Store] = {}

    def versions(self) -> Sequence[Version]:
        """The versions that the configuration asks for.

        Raises:
            UsageError: the configuration is malformed, or asks for what keramos does not do.
            StoreError: it cannot be read.
        """
        found = []
        for model in configured(self._path):
            root, _, name = model.base_path.rstrip("/").rpartition("/")
            store = self._stores.setdefault(root, Store(root or "/"))
            stored = [one for one in store.versions() if one.model == name]
            self._held |= dict.fromkeys((one.file for one in stored), store)
            found += model.served(stored)
        return found

    def local(self, version: Version) -> AbstractContextManager[Path]:
        """The version's model on this machine's disk, while the context is open."""
        return self._held[version.file].local(version)


def configured(path: str) -> list[Configured]:
    """The models of a configuration file.

    Raises:
        UsageError: it is malformed, or asks for what keramos does not do.
        StoreError: it cannot be read.
    """
    try:
        text = read_bytes(path, Limits(file_bytes=_BYTES)).decode()
    except (ModelError, UnicodeDecodeError) as error:
        raise StoreError(f"the configuration cannot be read: {error}", file=path) from None
    with located(file=path):
        return _all(parse_text(text, path), path)


def _all(whole: Message, path: str) -> list[Configured]:
    _check_fields(whole, frozenset({"model_config_list"}), path)
    found = []
    for listed in _messages(whole, "model_config_list", path):
        _check_fields(listed, frozenset({"config"}), path)
        found += [_configured(one, path) for one in _messages(listed, "config", path)]
    names = [one.name for one in found]
    if not found or len(set(names)) < len(names):
        raise UsageError(
            "the configuration has no model, or two of one name",
            file=path,
            received=", ".join(names)[:200],
        )
    return found


def _configured(config: Message, path: str) -> Configured:
    _check_fields(config, _FIELDS, path)
    name, base = (_text(config, key, path) for key in ("name", "base_path"))
    platform = _text(config, "model_platform", path, "tensorflow")
    if platform != "tensorflow":
        raise UsageError("the platform of a model is tensorflow", file=path, received=platform)
    newest, exactly = _policy(config, path)
    labels: dict[int, tuple[str, ...]] = {}
    for pair in _messages(config, "version_labels", path):
        number = _number(_text(pair, "value", path), path)
        labels[number] = (*labels.get(number, ()), check_label(_text(pair, "key", path)))
    return Configured(check_model(name), base.removeprefix("file://"), newest, exactly, labels)


def _policy(config: Message, path: str) -> tuple[int, frozenset[int]]:
    """How many of the newest versions, and which; 0 and none for all."""
    policies = _messages(config, "model_version_policy", path)
    if not policies:
        return 1, frozenset()
    policy = policies[-1]
    _check_fields(policy, _POLICIES, path)
    if "specific" in policy:
        (asked,) = _messages(policy, "specific", path)[-1:]
        return 0, frozenset(_number(one, path) for one in asked.get("versions", []))
    if "all" in policy:
        return 0, frozenset()
    latest = _messages(policy, "latest", path)
    return max(1, _number(_text(latest[-1], "num_versions", path, "1"), path)) if latest else 1, (
        frozenset()
    )


def _check_fields(message: Message, known: frozenset[str], path: str) -> None:
    odd = sorted(set(message) - known)
    if odd:
        raise UsageError(
            f"the configuration may say {', '.join(sorted(known))} there",
            file=path,
            received=", ".join(odd)[:200],
        )


def _messages(message: Message, key: str, path: str) -> list[Message]:
    found = message.get(key, [])
    if any(isinstance(one, str) for one in found):
        raise UsageError("the field is a message", file=path, received=key)
    return [one for one in found if not isinstance(one, str)]


def _text(message: Message, key: str, path: str, usual: str | None = None) -> str:
    found = message.get(key, [] if usual is None else [usual])
    value = found[-1] if found else None
    if not isinstance(value, str) or not value:
        raise UsageError(f"the field {key} of each model is a text", file=path, option=key)
    return value


def _number(value: object, path: str) -> int:
    number = whole_number(value) if isinstance(value, str) else None
    if number is None:
        raise UsageError("a version is a whole number", file=path, received=str(value)[:80])
    return number
