"""Pickles that scikit-learn 0.23, 1.6 and 1.9 wrote, with what their transforms gave."""

import io
import zipfile
from pathlib import Path

import numpy as np

ARCHIVE = Path(__file__).parents[1] / "companions" / "pickles.zip"
PICKLES = (".pkl", ".joblib")


def entries():
    """Name -> bytes."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def columns(x):
    """Recorded cells as columns: float64, or Python values."""
    return [_column(part) for part in (x.T if x.ndim == 2 else [x])]


def _column(cells):
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError:
        texts = [None if cell in {"nan", "None"} else cell for cell in cells.tolist()]
        return np.array(texts, object)


def recorded(found, name):
    """The raw columns and the answers for a pickle, or None."""
    folder, _, file = name.partition("/")
    data = found.get(f"{folder}/{file.partition('.')[0]}.npz")
    if data is None:
        return None
    arrays = np.load(io.BytesIO(data))
    return columns(arrays["x"]), arrays["y"]
