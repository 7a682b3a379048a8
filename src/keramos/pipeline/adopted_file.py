"""The file of an adopted model: as the Keras of its source wrote it where nothing in the network
changed, else for current Keras.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from keramos.artifact.beside import can_stay, write_beside
from keramos.artifact.write import check_extension, write

if TYPE_CHECKING:
    from keramos.types.artifact import Artifact, Content, FileInfo
    from keramos.types.network import Network

_KERAS3 = "keras3"
_UPGRADE = "--upgrade (upgrade=True) writes it for Keras 3"


@dataclass(frozen=True, slots=True)
class Form:
    """Which Keras opens a written file. ``generation`` is ``source`` where config, weights and
    layout are those of the source, else ``current``; ``keras`` names the Keras that opens it, and
    ``reason`` says why it is not that of the source ("": it is).
    """

    generation: Literal["source", "current"]
    keras: str
    reason: str = ""

    def text(self) -> str:
        """One sentence."""
        if self.generation == "source":
            after = "" if self.keras.startswith("Keras 3") else f"; {_UPGRADE}"
            return f"the network stays as {self.keras} wrote it, which opens the file{after}"
        return f"{self.keras} opens the file{self.reason and f': {self.reason}'}"


def save(
    path: str | Path,
    network: Network,
    content: Content,
    source: Artifact | None,
    *,
    upgrade: bool = False,
) -> Form:
    """Write an adopted network; see ``Adopted.save``."""
    path = Path(path)
    check_extension(path)
    same = source is not None and network is source.network
    if source is not None and same and not upgrade and can_stay(source, path):
        write_beside(path, source, content)
        return Form("source", _named(source.info))
    write(path, network, content)
    return Form("current", "Keras 3", _reason(path, source, same=same, upgrade=upgrade))


def _named(info: FileInfo) -> str:
    if info.keras_version:
        return f"Keras {info.keras_version}"
    return {"keras1": "Keras 1", _KERAS3: "Keras 3"}.get(info.generation, "Keras 2")


def _reason(path: Path, source: Artifact | None, *, same: bool, upgrade: bool) -> str:
    """Why a file is not of the generation of its source."""
    if source is None or source.info.generation == _KERAS3 or upgrade:
        return ""
    was = _named(source.info)
    if not same:
        return f"what prepares its inputs became layers in the words of Keras 3, not of {was}"
    if source.info.suffix in {".h5", ".keras"} and source.info.suffix != path.suffix:
        return f"a {path.suffix} file has another form; {source.info.suffix} keeps that of {was}"
    return f"the source, {source.info.title}, has a form that no single file of {was} has"
