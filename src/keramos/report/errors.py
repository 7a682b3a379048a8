"""The page of errors, from the classes themselves: docs/errors.md."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from keramos import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """# Errors

Every exception that keramos raises on purpose, generated from `keramos/errors.py` by `make docs`.
Catch `keramos.KeramosError` to catch them all; the others are in `keramos.errors`. The command line
ends with 2 for wrong usage and with 1 for all others.

| field | holds |
|---|---|
| `code` | the stable name of the class: programs may rely on it |
| `what` | what is wrong |
| `where` | a `Location`, each field of it optional: `file`, `path` inside it, `layer`, \
`layer_kind`, `option`, `row`, `column` |
| `received` | what was found instead, if anything |
| `remedy` | what to do, if it is known |
| `problems` | the single faults where there are several: cells (`row`, `column`, `reason`, \
`value`) or layers (`layer`, `layer_kind`, `reason`, `option`, `received`) |

`str(error)` is one message made of them: `file: place: what; received ... . Remedy`. Names in it
are shortened and printable; the fields hold them as they are. `error.record()` gives all of it for
JSON. `keramos COMMAND --json` prints it to standard error where a command fails:

```text
{"error": {"code": "MODEL", "what": "the file does not exist", \
"where": {"file": "m.h5"}, "received": null, "remedy": null, "problems": [], \
"message": "m.h5: the file does not exist"}}
```

A server gives the same fields with keramos' own protocol (`{"error": MESSAGE, "code": ...,
"what": ..., ...}`) and over gRPC as trailing metadata `keramos-error-bin`; replies of the other
protocols have the shape that their clients expect.

| exception | code | is a | means |
|---|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(_row(kind) for kind in _kinds())


def _kinds() -> Iterator[type[errors.KeramosError]]:
    for found in vars(errors).values():
        if isinstance(found, type) and issubclass(found, errors.KeramosError):
            yield found


def _row(kind: type[errors.KeramosError]) -> str:
    parents = ", ".join(f"`{base.__name__}`" for base in kind.__bases__)
    words = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
    return f"| `{kind.__name__}` | `{kind.code}` | {parents} | {words} |\n"
