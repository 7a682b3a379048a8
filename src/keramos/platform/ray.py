"""A Ray cluster (extra ``ray``): connect to it, and see that every node can do the work."""

from __future__ import annotations

import importlib
import logging
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keramos.errors import ClusterError, MissingExtraError
from keramos.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_CHECK_SECONDS = 60
"""A node that does not start a process within this time cannot do the work either."""

_LISTEN_SECONDS = 5
"""The head of a cluster takes a connection within this time."""


def ray_module() -> ModuleType:
    """The module ray, which reports to nobody.

    Raises:
        MissingExtraError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray  # noqa: PLC0415 (an extra)
    except ImportError:
        raise MissingExtraError(
            "the engine 'ray' needs Ray", remedy="Install it with: pip install 'keramos[ray]'"
        ) from None
    module: ModuleType = ray
    return module


@contextmanager
def cluster(address: str = "") -> Iterator[ModuleType]:
    """A connection to a cluster whose nodes all have this keramos; an existing connection is used
    and stays.

    Args:
        address: of the cluster's head (``host:port``). Empty: the cluster that RAY_ADDRESS names or
            that runs on this machine; where there is none, one on this machine alone, which ends
            with the connection.

    Raises:
        ClusterError: it cannot be reached, or a node cannot do the work.
        MissingExtraError: Ray is not installed.
    """
    ray = ray_module()
    if ray.is_initialized():
        check_nodes(ray)
        yield ray
        return
    _connect(ray, address)
    try:
        check_nodes(ray)
        yield ray
    finally:
        ray.shutdown()


def _connect(ray: ModuleType, address: str) -> None:
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    asked = address or os.environ.get("RAY_ADDRESS", "")
    _check_listens(asked)
    os.environ.setdefault(
        "RAY_BACKEND_LOG_LEVEL", "fatal"
    )  # what Ray's own processes think loud is in its logs
    try:
        ray.init(address or "auto", **quiet)
    except ConnectionError as error:
        if asked:
            raise _no_cluster(asked, _first_line(error)) from None
        ray.init("local", include_dashboard=False, **quiet)


def _check_listens(address: str) -> None:
    """Look before Ray does: it asks for minutes where nothing listens."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        try:
            socket.create_connection((host.strip("[]"), int(port)), _LISTEN_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise _no_cluster(address, str(error)) from None


def _no_cluster(address: str, reason: str) -> ClusterError:
    return ClusterError(
        f"no Ray cluster answers at {address}",
        received=reason,
        remedy="Start one with 'ray start --head', or leave out the address to use this machine",
    )


def check_nodes(ray: ModuleType) -> None:
    """See that each node has the keramos of this process.

    Raises:
        ClusterError: names each node that has none or another, and what to do.
    """
    nodes = {str(node["NodeID"]): str(node["NodeName"]) for node in ray.nodes() if node["Alive"]}
    said = _ask(ray, list(nodes))
    wrong = [
        f"node {nodes[node]} has {answer}" for node, answer in said.items() if answer != __version__
    ]
    if wrong:
        raise ClusterError(
            f"every node needs keramos {__version__}",
            received="; ".join(sorted(set(wrong))),
            remedy=f"Install it there with: pip install 'keramos[ray]=={__version__}'",
        )


def _ask(ray: ModuleType, nodes: list[str]) -> dict[str, str]:
    """Node -> version of its keramos, or what is wrong there; nodes that are gone meanwhile are
    left out.
    """

    def version() -> (
        str
    ):  # Ray sends a function inside a function as it is, so that a node without keramos can run it
        try:
            from keramos.version import __version__ as found  # noqa: PLC0415
        except ImportError as error:
            return f"no keramos ({error})"
        return found

    at = importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
    task = ray.remote(num_cpus=0, max_retries=0)(version)
    asked = {
        node: task.options(scheduling_strategy=at(node, soft=False)).remote() for node in nodes
    }
    answers = {node: _answer(ray, answer) for node, answer in asked.items()}
    return {node: answer for node, answer in answers.items() if answer}


def _answer(ray: ModuleType, answer: object) -> str:
    try:
        return str(ray.get(answer, timeout=_CHECK_SECONDS))
    except ray.exceptions.TaskUnschedulableError:
        return ""
    except ray.exceptions.RayError as error:
        return f"no process that answers ({type(error).__name__}: {_first_line(error)})"


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
