"""Client code for a model, with its names and an example row."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from keramos.report.views.columns import example_row, typed_row
from keramos.report.views.picture_snippets import picture_snippets
from keramos.report.views.plain import cells
from keramos.types.view import Snippet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keramos.types.artifact import Content
    from keramos.types.prediction import Feeds
    from keramos.types.serving import Predictor

SERVER = "http://127.0.0.1:8501"
"""The default address of ``keramos serve``; pages put their own address in its place."""

_OIP = {"str": "BYTES", "bool": "BOOL", "float32": "FP32", "float64": "FP64", "float16": "FP16"}
_MOST_VALUES = 64  # of one array; larger ones are written as zeros
_MOST_CELLS = 4096  # of one array, also where the file says what it holds


def snippets(name: str, model: Predictor, fed: Feeds) -> tuple[Snippet, ...]:
    """One program for each protocol; ``fed`` is one row of model inputs."""
    predict = f"{SERVER}/v1/models/{quote(name, safe='')}:predict"
    columns = model.content.schema.columns if model.content else ()
    if [column.kind for column in columns] == ["image"]:
        return picture_snippets(model, columns[0].name, _decide_url(name), predict)
    fed = {
        name: _shortened(array) if model.content is None or array.size > _MOST_CELLS else array
        for name, array in fed.items()
    }
    rest = _rest(predict, fed)
    keras = Snippet("keramos in Python", "python", _own(model, fed))
    return (
        *(_decide(name, model.content) if model.content else ()),
        Snippet("TensorFlow Serving's REST", "console", rest),
        Snippet("tritonclient", "python", _triton(name, model, fed)),
        keras,
    )


def _decide_url(name: str) -> str:
    return f"{SERVER}/models/{quote(name, safe='')}/decide"


def _decide(name: str, content: Content) -> tuple[Snippet, Snippet]:
    url = _decide_url(name)
    row = typed_row(example_row(content), content)
    program = (
        f"import requests\n\nrow = {row!r}\n"
        f"answer = requests.post({url!r}, json=[row], timeout=10)\nprint(answer.json())\n"
    )
    return (
        Snippet("curl", "console", _curl(url, json.dumps([row], ensure_ascii=False))),
        Snippet("Python requests", "python", program),
    )


def _curl(url: str, body: str) -> str:
    return (
        f"curl -s {shlex.quote(url)} \\\n  -H 'content-type: application/json' \\\n  -d "
        f"{shlex.quote(body)}\n"
    )


def _rest(url: str, fed: Feeds) -> str:
    if not any(_long(array) for array in fed.values()):
        given = {name: cells(array[0]) for name, array in fed.items()}
        instance = next(iter(given.values())) if len(given) == 1 else given
        return _curl(url, json.dumps({"instances": [instance]}, ensure_ascii=False))
    said = {
        name: _zeros(array) if _long(array) else repr(cells(array[0]))
        for name, array in fed.items()
    }
    row = (
        next(iter(said.values()))
        if len(said) == 1
        else f"{{{', '.join(f'{n!r}: {v}' for n, v in said.items())}}}"
    )
    program = f'import json; print(json.dumps({{"instances": [{row}]}}))'
    asked = f"curl -s {shlex.quote(url)} -H 'content-type: application/json' -d @-"
    return f"python3 -c {shlex.quote(program)} \\\n  | {asked}\n"


def _shortened(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Zeros in place of many random values: every language can write those in one expression."""
    return (
        np.zeros_like(array) if array[0].size > _MOST_VALUES and array.dtype.kind != "O" else array
    )


def _long(array: NDArray[np.generic]) -> bool:
    """Whether to write zeros as one expression."""
    return array[0].size > _MOST_VALUES and array.dtype.kind != "O" and not array.any()


def _zeros(array: NDArray[np.generic]) -> str:
    """One row of zeros as a Python expression."""
    text = repr(array.reshape(-1)[0].item())
    for size in reversed(array.shape[1:]):
        text = f"[{text}] * {size}"
    return text


def _literal(array: NDArray[np.generic]) -> str:
    dtype = "object" if array.dtype.kind == "O" else str(array.dtype)
    if _long(array):
        return f"np.zeros({array.shape}, '{dtype}')"
    return f"np.array([{cells(array[0])!r}], '{dtype}')"


def _triton(name: str, model: Predictor, fed: Feeds) -> str:
    given = "\n".join(
        f"    ({spec.name!r}, {_literal(fed[spec.name])}, "
        f"'{_OIP.get(spec.dtype, spec.dtype.upper())}'),"
        for spec in model.inputs
    )
    address = SERVER.removeprefix("http://")
    return (
        "import numpy as np\nimport tritonclient.http as triton\n\n"
        f"client = triton.InferenceServerClient({address!r})\n"
        f"given = [\n{given}\n]\n"
        "inputs = [triton.InferInput(name, array.shape, kind) for name, array, kind in given]\n"
        "for tensor, (_, array, _) in zip(inputs, given):\n    tensor.set_data_from_numpy(array)\n"
        f"print(client.infer({name!r}, inputs).as_numpy({model.outputs[0].name!r}))\n"
    )


def _own(model: Predictor, fed: Feeds) -> str:
    file = Path(model.artifact.info.path).name
    if model.content is not None:
        row = typed_row(example_row(model.content), model.content)
        return (
            f"import keramos\n\nmodel = keramos.load({file!r})\nprint(model.decide([{row!r}])[0])\n"
        )
    arrays = ", ".join(_literal(fed[spec.name]) for spec in model.inputs)
    return (
        "import keramos\nimport numpy as np\n\nmodel = "
        f"keramos.load({file!r})\nprint(model.predict([{arrays}]))\n"
    )
