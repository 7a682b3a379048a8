"""A process that has imported the command line and forks for each command.

A command is still a process of its own, without the imports that each would repeat. A request is
its arguments, folder and environment as JSON, beside its three standard streams and one more,
which takes its number and then its exit code.
"""

import atexit
import gc
import json
import os
import pkgutil
import selectors
import socket
import sys
import threading
import traceback
from importlib import import_module

_MESSAGE = 1 << 20
_LEFT_OUT = ("keras_engine", "ray", "sklearn", "mlflow", "grpc", "deploy", "otel")
"""Words in names of modules that most commands do without, and that import for seconds."""


def main():
    """Import all, then be the command of each request in a fork."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    _import_all()
    gc.freeze()
    sys.argv = _next_command(requests)
    try:
        _run()
    except SystemExit as end:
        _leave(end.code or 0)
    except Exception:  # noqa: BLE001 (as an interpreter does at its end)
        traceback.print_exc()
        _leave(1)
    _leave(0)


def _run():
    """The command line, or the text of a program after ``-c``."""
    if sys.argv[0] == "-c":
        text = sys.argv.pop()
        sys.path.insert(0, "")
        exec(compile(text, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 (its business)
    else:
        import_module("keramos.cli").main()


def _leave(code):
    """End as an interpreter does, but leave it to the system to free what all modules hold."""
    threading._shutdown()  # noqa: SLF001 (it waits for threads, as at any end)
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _import_all():
    names = ["numpy", "onnxruntime", "pandas", "pyarrow.parquet", "pyarrow.csv", "pyarrow.json"]
    names += ["model_signing.signing", "model_signing.verifying"]
    path = import_module("keramos").__path__
    found = [module.name for module in pkgutil.walk_packages(path, "keramos.", onerror=str)]
    for name in [*names, *found]:
        if not any(word in name for word in _LEFT_OUT):
            import_module(name)


def _next_command(requests):
    """Returns in forks alone; the process itself ends with its socket."""
    watched = selectors.DefaultSelector()
    watched.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.data:
                _answer(watched, key)
                continue
            message, streams, _, _ = socket.recv_fds(requests, _MESSAGE, 4)
            if not message:
                os._exit(0)
            child = os.fork()
            if not child:
                _close(watched)
                return _become(json.loads(message), streams)
            watched.register(os.pidfd_open(child), selectors.EVENT_READ, (child, streams[3]))
            os.write(streams[3], b"%d\n" % child)
            for stream in streams[:3]:
                os.close(stream)


def _answer(watched, key):
    child, stream = key.data
    _, status = os.waitpid(child, 0)
    watched.unregister(key.fileobj)
    os.close(key.fileobj)
    os.write(stream, b"%d\n" % os.waitstatus_to_exitcode(status))
    os.close(stream)


def _close(watched):
    """Close what belongs to the first process, each by its owner: an object that is freed later
    would close whatever has its number by then.
    """
    for key in list(watched.get_map().values()):
        if key.data:
            os.close(key.fileobj)
            os.close(key.data[1])
        else:
            key.fileobj.close()
    watched.close()


def _become(request, streams):
    for number, stream in enumerate(streams[:3]):
        os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    # Those of the first process may be streams of another kind, such as files that can seek.
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    return request["argv"]


if __name__ == "__main__":
    main()
