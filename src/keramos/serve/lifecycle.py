"""From a source of versions to versions that answer: read, proven, warmed, then put in place."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from keramos.errors import KeramosError
from keramos.pipeline.load import load
from keramos.types.serving import State, VersionStatus

if TYPE_CHECKING:
    from pathlib import Path

    from keramos.serve.engine import Engine
    from keramos.types.serving import Source

_log = logging.getLogger("keramos.serve")


def load_all(engine: Engine, source: Source) -> None:
    """Load every version of a source once; one that cannot be used is reported and hinders no other."""
    for name, versions in source.versions().items():
        for version, path in versions.items():
            load_version(engine, name, version, path)
    for name, labels in source.labels().items():
        engine.set_labels(name, labels)


def load_version(engine: Engine, name: str, version: int, path: Path) -> bool:
    """Load one version and make it available; False where it cannot be used, and then what served before still does."""
    engine.report(name, VersionStatus(version, State.LOADING))
    try:
        engine.add(name, version, load(path))
    except KeramosError as error:
        engine.report(name, VersionStatus(version, State.END, "FAILED_PRECONDITION", str(error)))
        _log.error("version %d of model '%s' cannot be served: %s", version, name, error)
        return False
    return True
