"""A port of this machine that nothing listens on."""

import socket


def free_port():
    """The number of a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
