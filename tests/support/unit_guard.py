"""A run of unit tests alone refuses Keras and processes, so that the tier stays what it is."""

import platform
import sys

_IMPORTS = {"keras", "tensorflow"}
_PROCESSES = {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.system", "os.exec"}


class NotAUnitTestError(AssertionError):
    """A unit test left its tier."""


def forbid():
    """From now on, importing Keras or starting a process fails the test that does it."""
    platform.processor()  # h5py asks for it when it is imported; its answer, of a process, is kept
    sys.addaudithook(watch)


def watch(event, args):
    """An audit hook (PEP 578)."""
    if event == "import" and args[0] in _IMPORTS:
        raise NotAUnitTestError(f"a unit test imported {args[0]}: mark it pytest.mark.oracle")
    if event in _PROCESSES:
        raise NotAUnitTestError(
            f"a unit test started a process: mark it pytest.mark.system ({args!r})"
        )
