"""Client code for a model of pictures: the picture is a file of the client."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.types.view import Snippet

if TYPE_CHECKING:
    from keramos.types.serving import Predictor

_FILE = "photo.jpg"
_BASE64 = f"'\"$(base64 -w0 {_FILE})\"'"
"""In a text between apostrophes: the base64 text of the file."""
_PLACE = "PICTURE"


def picture_snippets(
    model: Predictor, column: str, decide: str, predict: str
) -> tuple[Snippet, ...]:
    """One program for each protocol; ``decide`` and ``predict`` are the paths of keramos' own
    protocol and of TensorFlow Serving's.
    """
    row = {column: {"b64": _PLACE}}
    program = (
        "import requests\n\n"
        f'with open("{_FILE}", "rb") as file:\n'
        f'    answer = requests.post({decide!r}, files={{"image": file}}, timeout=10)\n'
        "print(answer.json())\n"
    )
    own = (
        f"import keramos\n\nmodel = keramos.load({Path(model.artifact.info.path).name!r})\n"
        f'print(model.decide("{_FILE}")[0])\n'
    )
    return (
        Snippet("curl", "console", f"curl -s {shlex.quote(decide)} -F image=@{_FILE}\n"),
        Snippet("Python requests", "python", program),
        Snippet("TensorFlow Serving's REST", "console", _curl(predict, {"instances": [row]})),
        Snippet("keramos in Python", "python", own),
    )


def _curl(url: str, body: object) -> str:
    text = shlex.quote(json.dumps(body, ensure_ascii=False)).replace(_PLACE, _BASE64, 1)
    asked = f"curl -s {shlex.quote(url)} -H 'content-type: application/json' -d @-"
    return f"echo {text} \\\n  | {asked}\n"
