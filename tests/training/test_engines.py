"""Engines by name, and what importing them costs."""

import subprocess
import sys

import pytest

import keramos
from keramos.errors import UsageError

LIGHT = """
import pkgutil, sys
import keramos.evaluate, keramos.training
from importlib import import_module
for package in (keramos.evaluate, keramos.training):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if not module.ispkg:
            import_module(module.name)
print(sorted({"keras", "tensorflow", "jax", "torch", "onnxruntime"} & set(sys.modules)))
"""


def test_importing_training_and_evaluate_loads_no_engine():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_an_unknown_engine_is_refused_with_the_names_of_all():
    table = {"a": [1.0, 2.0] * 20, "y": ["no", "yes"] * 20}

    with pytest.raises(UsageError, match=r"engine must be auto or keras.*received 'abacus'"):
        keramos.train(table, "y", engine="abacus")
