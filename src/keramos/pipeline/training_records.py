"""What a file keeps about its training: golden rows, a sample, provenance."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keramos.errors import UsageError
from keramos.types.training import GoldenRows, Provenance, SampleRow
from keramos.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.pipeline.prepared_rows import PreparedRows
    from keramos.training.trainer import Trainer
    from keramos.types.network import Network
    from keramos.types.prediction import Feeds
    from keramos.types.table import Table
    from keramos.types.training import TrainingTrace

GOLDEN_ROWS = 16


def golden_rows(engine: Trainer, rows: PreparedRows, network: Network, body: Network) -> GoldenRows:
    """Golden rows with the engine's own answers."""
    index = _golden_index(rows)
    fed = pick(rows.fed, index)
    try:
        output = engine.answers(network, fed)
    except UsageError:
        # An engine without texts still answers to the prepared rows.
        forms = zip(body.inputs, rows.inputs_of(body), strict=True)
        output = engine.answers(body, {ref.layer: rows.forms[form][index] for ref, form in forms})
    regression = rows.schema.target.task == "regression"
    scale = max(1.0, rows.preparation.target.deviation) if regression else 1.0
    return GoldenRows(
        inputs=tuple(tuple(array.tolist()) for array in fed.values()),
        outputs=tuple(tuple(row) for row in output.reshape(len(index), -1).tolist()),
        absolute=1e-6 * scale,
        reference=engine.reference,
    )


def _golden_index(rows: PreparedRows) -> NDArray[np.int64]:
    """Held-out rows, evenly spread; up to a quarter of them have missing values and come first."""
    held_out = rows.parts.held_out
    missing = np.zeros(rows.typed.rows, bool)
    for column in rows.schema.columns:
        missing |= rows.typed.columns[column.name].missing
    lacking = held_out[missing[held_out]][: GOLDEN_ROWS // 4]
    complete = held_out[~missing[held_out]]
    step = max(1, len(complete) // GOLDEN_ROWS)
    return np.concatenate([lacking, complete[::step][: GOLDEN_ROWS - len(lacking)]])


def provenance(engine: Trainer, rows: PreparedRows, trace: TrainingTrace) -> Provenance:
    """Where the file comes from."""
    return Provenance(
        source=Path(rows.raw.source).name,
        data_digest=_data_digest(rows.raw),
        rows=rows.raw.rows,
        training_rows=len(rows.parts.training),
        held_out_rows=len(rows.parts.held_out),
        training_index_digest=hashlib.sha256(
            rows.parts.training.astype("<i8").tobytes()
        ).hexdigest(),
        seed=trace.plan.seed,
        versions=(("keramos", __version__), *engine.versions(), ("numpy", np.__version__)),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        split=str(rows.keys),
        weights=rows.weight_column,
    )


def _data_digest(table: Table) -> str:
    """SHA-256 of the file's bytes; without a file, of the column names and cells."""
    path = Path(table.source)
    if path.is_file():
        with path.open("rb") as file:  # in parts: it may be larger than memory
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for name, column in table.columns.items():
        cells = column.values
        data = (
            "\0".join(map(str, cells.tolist())).encode()
            if cells.dtype.kind == "O"
            else np.ascontiguousarray(cells).tobytes()
        )
        digest.update(name.encode() + b"\0" + data + column.missing.tobytes())
    return digest.hexdigest()


def sample_row(rows: PreparedRows) -> SampleRow:
    """The first held-out row, raw and prepared."""
    row = int(rows.parts.held_out[0])
    raw = []
    for column in rows.schema.columns:
        source = rows.raw.columns[column.name]
        raw.append((column.name, "" if source.missing[row] else str(source.values[row])))
    prepared = zip(rows.preparation.features, rows.matrix[row].tolist(), strict=True)
    return SampleRow(tuple(raw), tuple(prepared))


def pick(fed: Feeds, index: NDArray[np.int64]) -> Feeds:
    """The inputs of some rows."""
    return {name: array[index] for name, array in fed.items()}
