"""How much of a file is read before it is refused. One place; every number can be raised by an explicit argument."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a model file may declare. Sizes are bytes."""

    config_bytes: int = 64 << 20
    content_bytes: int = 64 << 20
    weight_bytes: int = 2 << 30
    json_depth: int = 64
    layers: int = 10_000
    members: int = 1_000
    objects: int = 100_000
    ratio: int = 200
    """Largest inflation of a compressed part above 1 MiB."""


LIMITS = Limits()
