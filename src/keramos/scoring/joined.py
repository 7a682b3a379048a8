"""Parts of a file joined into one."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from keramos.scoring.formats import TEXT
from keramos.scoring.installed import backend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keramos.inference.scored import Schema
    from keramos.scoring.formats import Format


def join(parts: Sequence[Path], path: Path, form: Format, schema: Schema) -> None:
    """One file of the rows of all parts, in order. Only the first part of CSV and TSV has a
    header.
    """
    path.unlink(missing_ok=True)
    if not parts:
        backend().open_writer(path, form, schema).close()
    elif len(parts) == 1:
        os.link(parts[0], path)  # the part stays until all is done
    elif form.name not in TEXT:
        backend().join_columns(parts, path, form, schema)
    else:
        with path.open(
            "wb"
        ) as file:  # gzip members and zstd frames may follow each other (RFC 1952, RFC 8878)
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
