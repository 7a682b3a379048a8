"""The sources make the text of an error in one place and read it in none."""

import ast
from pathlib import Path

import pytest

import keramos

SOURCES = sorted(Path(keramos.__file__).parent.rglob("*.py"))


def _reads_text(node):
    """Calls that search or compare str(error): a comparison, a method of str, a call of re."""
    match node:
        case ast.Compare():
            return any(map(_is_text, [node.left, *node.comparators]))
        case ast.Call(func=ast.Attribute(attr="startswith" | "endswith" | "replace" | "find")):
            return _is_text(node.func.value)
        case ast.Call(func=ast.Attribute(attr="search" | "match" | "sub" | "fullmatch")):
            return any(map(_is_text, node.args))
    return False


def _is_text(node):
    match node:
        case ast.Call(func=ast.Name("str"), args=[ast.Name("error")]):
            return True
    return False


def _rebuilds(node):
    match node:
        case ast.Call(func=ast.Call(func=ast.Name("type"), args=[ast.Name("error")])):
            return True
    return False


def _handlers(tree):
    """Handlers of keramos' own errors."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            names = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)}
            if any(hasattr(keramos.errors, name) for name in names):
                yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: "/".join(path.parts[-2:]))
def test_no_error_is_rebuilt_from_its_text_and_no_text_of_ours_is_searched(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert not [node.lineno for node in ast.walk(tree) if _rebuilds(node)]
    assert not [
        node.lineno
        for handler in _handlers(tree)
        for node in ast.walk(handler)
        if _reads_text(node)
    ]
