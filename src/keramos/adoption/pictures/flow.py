"""The ways that pictures go through the source of an app, from a file to ``model.predict``.

Syntax trees are followed; no code runs. A function that the source calls is followed where it is
called; another one (a route, a callback) begins with pictures as its parameters.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from keramos.adoption.pictures.code import families_of
from keramos.adoption.pictures.walk import Walk
from keramos.adoption.source import trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.adoption.pictures.walk import Fed


def ways_of(paths: Sequence[str]) -> list[Fed]:
    """The pictures that models are fed, as sources of Python and notebooks prepare them; those that
    are asked come before those that train.
    """
    ordered = sorted(paths, key=lambda path: not path.endswith(".py"))
    found = list(trees(ordered))
    functions = {
        node.name: node
        for _, tree in reversed(found)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    fed: list[Fed] = []
    steps = 0
    for name, tree in found:
        walk = _of_file(name, tree, functions, steps)
        fed, steps = [*fed, *walk.fed], walk.steps
    return sorted(fed, key=lambda one: one.trains)


def _of_file(
    name: str,
    tree: ast.Module,
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef],
    steps: int,
) -> Walk:
    own = [node for node in ast.walk(tree)
           if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]  # fmt: skip
    known = functions | {one.name: one for one in own}
    walk = Walk(name, known, dict(families_of(tree)), steps=steps)
    try:
        walk.block(tree.body, walk.known)
        for one in sorted(own, key=lambda one: one.name != "__init__"):
            if one.name not in walk.called:
                walk.alone(one)
        if not walk.fed:
            for one in own:
                walk.alone(one)
    except RecursionError:
        walk.fed.clear()
    return walk
