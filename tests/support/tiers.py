"""The tier of a test, from what the test and its fixtures use.

``unit`` starts no process, imports no Keras and needs nothing outside the repository, ``oracle``
compares with real Keras, TensorFlow or shared files of known answers, ``system`` runs servers,
browsers, databases or other processes. A mark on the test itself wins.
"""

import ast
from functools import cache
from inspect import isclass, isfunction, ismodule
from itertools import accumulate

from support.shared import ROOT

_TESTS = str(ROOT / "tests")
TIERS = ("unit", "oracle", "system")

_ORACLE = ("keras", "tensorflow", "tf_keras", "keramos.training.keras_engine")
_NEEDS = {
    **dict.fromkeys((*_ORACLE, "support.trained", "train", "SHARED"), "oracle"),
    **dict.fromkeys(
        ("subprocess", "multiprocessing", "ProcessPoolExecutor", "fork", "ray"), "system"
    ),
    **dict.fromkeys(("requests", "grpc", "adbc_driver_manager", "playwright"), "system"),
    **dict.fromkeys(("support.browsers", "support.command", "support.grpc_servers"), "system"),
    **dict.fromkeys(("support.postgresql", "support.servers", "hostile.runner"), "system"),
}
"""Modules, and names inside functions, that decide the tier."""


@cache
def imports_keras(path):
    """Whether importing a test file imports Keras: a run of unit tests leaves such files alone."""
    names = list(_imported(ast.parse(path.read_bytes())))
    helpers = (f"{name.replace('.', '/')}.py" for name in names if name.startswith("support."))
    return any(_within(name, _ORACLE) for name in names) or any(
        imports_keras(ROOT / "tests" / helper) for helper in helpers
    )


def _imported(node):
    """Modules that are imported outside functions."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield str(node.module)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
        yield ast.literal_eval(node.args[0])
    elif not isinstance(node, ast.FunctionDef):
        for child in ast.iter_child_nodes(node):
            yield from _imported(child)


def _within(name, modules):
    """The module itself or the nearest above it that is one of these."""
    above = accumulate(name.split("."), "{}.{}".format)
    return [each for each in above if each in modules]


def tier_of(item):
    """The highest tier that anything used by a test needs."""
    fixtures = [each[-1].func for each in item._fixtureinfo.name2fixturedefs.values()]  # noqa: SLF001
    drawn = getattr(item, "callspec", None)
    used = [item.obj, *fixtures, *(drawn.params.values() if drawn else ())]
    for each in item.cls.__mro__ if item.cls else ():  # a suite calls its own methods
        used += vars(each).values()
    tier = tier_of_all(used)
    return "oracle" if tier == "unit" and imports_keras(item.path) else tier


def tier_of_all(used):
    """The highest tier that any of these functions and values needs."""
    return max({"unit", *(tier for value in used for tier in _tiers(value))}, key=TIERS.index)


_SEEN = {}


def _tiers(value):
    """Tiers that a function, or the functions in a container, need."""
    value = getattr(value, "__func__", value)
    if isinstance(value, dict):
        return {tier for each in value.values() for tier in _tiers(each)}
    if isinstance(value, list | tuple | set):
        return {tier for each in value for tier in _tiers(each)}
    if not isfunction(value):
        return _home(value) | _tiers_of_wrapped(value)
    if value not in _SEEN:
        _SEEN[value] = set()
        _SEEN[value] = _home(value) | _inside(value)
    return _SEEN[value]


def _inside(function):
    """Tiers of the names in a function, of what it wraps, and of what it closes over."""
    names = _names(function.__code__) if _is_ours(function) else ()
    found = {_NEEDS[each] for name in names for each in _within(name, _NEEDS)}
    for value in _reached(function, names):
        found |= _tiers(value)
    for cell in function.__closure__ or ():
        found |= _tiers(cell.cell_contents)
    inner = getattr(getattr(function, "hypothesis", None), "inner_test", None)
    return found | _tiers(inner) | _tiers_of_wrapped(function)


def _tiers_of_wrapped(value):
    """Tiers of the function that a cache or a decorator holds."""
    wrapped = getattr(value, "__wrapped__", None)
    return _tiers(wrapped) if isfunction(wrapped) else set()


def _reached(function, names):
    """What names mean in the function's module and in the helper modules that it names."""
    known = function.__globals__
    helpers = [known[name] for name in names if ismodule(known.get(name))]
    ours = [module for module in helpers if module.__name__.startswith("support.")]
    return [vars(module).get(name) for module in ours for name in names] + [
        known.get(name) for name in names
    ]


def _is_ours(function):
    return function.__code__.co_filename.startswith(_TESTS)


def _names(code):
    """Names that a function uses, inner functions included."""
    inner = (const for const in code.co_consts if hasattr(const, "co_names"))
    return {*code.co_names, *(name for each in inner for name in _names(each))}


def _home(value):
    """The tier that the module of a value needs."""
    if not (ismodule(value) or isclass(value) or isfunction(value)):
        return set()
    home = str(value.__name__ if ismodule(value) else value.__module__)
    return {_NEEDS[each] for each in _within(home, _NEEDS)}
