"""Keras files as logged models of MLflow and runs as its runs: what ``keramos.mlflow`` gives."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import mlflow.pyfunc
import yaml
from mlflow.models import Model as LoggedModel
from mlflow.models.signature import ModelSignature
from mlflow.types.schema import AnyType, ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import TensorSpec as MlflowTensor

from keramos.errors import UsageError
from keramos.pipeline.load import load
from keramos.pipeline.training_run import Run
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlflow.models.model import ModelInfo

    from keramos.inference.model import Model
    from keramos.types.artifact import Content
    from keramos.types.training import Epoch

FLAVOR_NAME = "keramos"
_TYPES: dict[str, Any] = {  # mlflow's types
    "integer_category": DataType.long,
    "string_category": DataType.string,
    "boolean": DataType.boolean,
    "text": DataType.string,
}
"""Kind of column -> type in a signature. Numbers are of any type there: MLflow refuses int64 where
a double is wanted, and a column of integers with a gap is one of doubles.
"""


def log_model(model: str | Path | Run, name: str = "model", **options: Any) -> ModelInfo:  # noqa: ANN401 (mlflow's own)
    """Log a Keras file, or a finished training, to the active run (or a new one).

    Args:
        model: the path of a file in any form that is one file, or what ``keramos.train`` gave.
        name: that of the logged model.
        options: those of ``mlflow.models.Model.log``, such as ``registered_model_name``.

    Example:
        >>> import keramos.mlflow
        >>> keramos.mlflow.log_model("model.h5", registered_model_name="credit")
    """
    here = sys.modules[__name__]  # mlflow calls save_model of a module
    info: ModelInfo = LoggedModel.log(None, here, name=name, model=model, **options)
    return info


def save_model(
    path: str | Path,
    model: str | Path | Run,
    mlflow_model: LoggedModel | None = None,
    **options: Any,  # noqa: ANN401 (mlflow's own)
) -> None:
    """Write a folder that MLflow loads: the file itself, ``MLmodel`` and ``requirements.txt``.

    Raises:
        UsageError: the folder exists already, or the model is a folder.
    """
    folder, logged = Path(path), mlflow_model or LoggedModel()
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("the folder exists already", file=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    with _file(model) as source:
        data = f"model{source.suffix}"
        shutil.copyfile(source, folder / data)
    loaded = load(folder / data)
    logged.signature = options.get("signature") or signature(loaded)
    example = options.get("input_example", _example(loaded.content))
    if example is not None:
        from mlflow.models.utils import _save_example  # noqa: PLC0415 (needs pandas)

        _save_example(logged, example, str(folder))
    logged.add_flavor(FLAVOR_NAME, data=data, keramos_version=__version__)
    environment = {"virtualenv": "python_env.yaml"}
    mlflow.pyfunc.add_to_model(logged, "keramos.mlflow", data=data, env=environment)
    needs = f"keramos[tables]=={__version__}\npandas\n"
    (folder / "requirements.txt").write_text(needs, encoding="utf-8")
    python = f"python: {platform.python_version()}\ndependencies: [-r requirements.txt]\n"
    (folder / "python_env.yaml").write_text(python, encoding="utf-8")
    logged.save(str(folder / "MLmodel"))


@contextmanager
def _file(model: str | Path | Run) -> Iterator[Path]:
    """The file of a model; a training is written to one first."""
    if isinstance(model, Run):
        with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
            place = Path(folder, "model.keras")
            model.save(place)
            yield place
        return
    if Path(model).is_dir():
        raise UsageError(
            "a folder is not logged",
            file=str(model),
            remedy="Write it as one file: keramos convert FOLDER model.keras",
        )
    yield Path(model)


_READERS: dict[str, Callable[[str], object]] = {
    "number": float,
    "integer_category": int,
    "boolean": lambda text: text.lower() == "true",
}
"""Kind of column -> what makes a cell of the text that the file keeps."""


def _example(content: Content | None) -> object:
    """The sample row of a file as a DataFrame; None where it keeps none."""
    if content is None or content.sample is None:
        return None
    import pandas as pd  # noqa: PLC0415 (not a dependency)

    kinds = {column.name: column.kind for column in content.schema.columns}
    row: dict[str, object] = {}
    for name, text in content.sample.raw:
        try:
            row[name] = _READERS.get(kinds[name], str)(text) if text else None
        except ValueError:  # written in a notation of its own
            row[name] = text
    return pd.DataFrame([row])


def signature(model: Model) -> ModelSignature:
    """The schema of a model as a signature: columns of raw values, or tensors."""
    content = model.content
    if content is None or not content.schema.columns:
        given = [_tensor(spec.name, spec.dtype, spec.shape) for spec in model.inputs]
        made = [_tensor(spec.name, spec.dtype, spec.shape) for spec in model.outputs]
        return ModelSignature(Schema(given), Schema(made))
    optional = {one.column for one in content.preparation.inputs if one.null_policy != "refuse"}
    columns = [
        ColSpec(
            _TYPES.get(column.kind, AnyType()), column.name, required=column.name not in optional
        )
        for column in content.schema.columns
    ]
    options = [
        ParamSpec("on_error", DataType.string, "raise"),
        ParamSpec("warnings", DataType.boolean, True),
    ]
    return ModelSignature(Schema(columns), _answers(content), ParamSchema(options))


def _answers(content: Content) -> Schema:
    """The columns of answers that are there for every row."""
    numbers = content.rule.kind == "value" and not content.schema.target.classes
    label = DataType.double if numbers else AnyType()
    return Schema([ColSpec(label, "label"), ColSpec(DataType.double, "score")])


def _tensor(name: str, dtype: str, shape: Sequence[int | None]) -> MlflowTensor:
    import numpy as np  # noqa: PLC0415 (mlflow wants its dtype)

    kind = np.dtype("O" if dtype == "str" else dtype)
    return MlflowTensor(kind, tuple(-1 if size is None else size for size in shape), name)


def load_model(model_uri: str, **options: Any) -> Model:  # noqa: ANN401 (those of load)
    """A logged model as a ``keramos.Model``; ``options`` are those of ``keramos.load``.

    Raises:
        UsageError: it has no flavour of keramos.
    """
    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=model_uri))
    flavors = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))["flavors"]
    if FLAVOR_NAME not in flavors:
        raise UsageError(
            "the logged model has no flavour of keramos",
            file=model_uri,
            received=", ".join(flavors),
            remedy="Open its Keras file with keramos.load, then log that",
        )
    return load(folder / Path(flavors[FLAVOR_NAME]["data"]).name, **options)


class _Pyfunc:
    """What ``mlflow.pyfunc`` calls."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 (mlflow's own)
        """Decisions as a DataFrame with the index of the rows; a plain Keras file's outputs."""
        if self._model.content is None:
            return self._model.predict(data)
        given = dict(params or {})
        return self._model.decide(
            data,
            on_error=given.get("on_error", "raise"),
            warnings=given.get("warnings", True),
        ).to_pandas()


def _load_pyfunc(path: str) -> _Pyfunc:
    return _Pyfunc(load(path))


class MlflowLog:
    """Logs a training to the active run as it goes on, as ``train(..., log="mlflow")`` does."""

    def epoch(self, epoch: Epoch) -> None:
        """Log the loss and the metric of an epoch, on training rows and on held-out rows."""
        values = {
            "loss": epoch.loss,
            "held_out_loss": epoch.held_out_loss,
            "metric": epoch.metric,
            "held_out_metric": epoch.held_out_metric,
        }
        mlflow.log_metrics(values, step=epoch.number)

    def end(self, run: Run) -> None:
        """Log the plan, the held-out metrics, and the model itself."""
        trace, target = run.content.trace, run.content.schema.target
        given = {"target": target.name, "task": target.task}
        if trace is not None:
            plan = {name: getattr(trace.plan, name) for name in trace.plan.__struct_fields__}
            given |= {name: str(value) for name, value in plan.items() if value not in ("", ())}
        mlflow.log_params(given)
        metrics = {one.name.replace("%", "percent"): one.value for one in run.content.metrics or ()}
        mlflow.log_metrics({f"held_out_{name}": value for name, value in metrics.items()})
        log_model(run)
