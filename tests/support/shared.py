"""Test material that is shared between projects and not a part of the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"

TARGETS = {
    "apartments.csv": "m2_price",
    "autompg.csv": "mpg",
    "breast_cancer.csv": "target",
    "concrete.csv": "compressive_strength",
    "credit_data.csv": "Status",
    "diamonds.parquet": "price",
    "flights_late.parquet": "late",
    "german_credit.csv": "risk",
    "iris.csv": "target",
    "mlc_churn.csv": "churn",
    "penguins.csv": "species",
    "segment.csv": "category",
    "titanic.csv": "survived",
    "wine.csv": "target",
}
"""The shared tables, each with the column to predict."""
