"""``keramos.serve``: the command's server from Python."""

import inspect
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import grpc
import pytest

import keramos
from keramos.errors import ModelError, StoreError, UsageError
from keramos.serving.core.settings import Settings
from keramos.serving.serve import ServeOptions
from support.served_models import folder, matrix_model, matrix_rows
from support.waiting import until

QUIET = {"port": 0, "grpc_port": "none", "oip_grpc_port": "none"}


@pytest.fixture(scope="module")
def file():
    matrix_model()
    return folder() / "matrix.keras"


def predict(url, rows=2):
    body = json.dumps({"instances": matrix_rows(rows).tolist()}).encode()
    with urlopen(Request(f"{url}/v1/models/matrix:predict", body), timeout=10) as reply:  # noqa: S310 (our own server)
        return json.load(reply)["predictions"]


def test_a_server_answers_inside_its_with_block_and_its_port_is_closed_after_it(file):
    others = set(threading.enumerate())  # servers of other tests
    with keramos.serve(file, block=False, **QUIET) as server:
        assert len(predict(server.url)) == 2
    with pytest.raises(OSError, match="refused"):
        predict(server.url)
    server.stop()
    until(lambda: not [one for one in set(threading.enumerate()) - others if one.is_alive()])


def test_a_server_in_a_thread_has_grpc_too(file):
    with (
        keramos.serve(file, block=False, port=0, grpc_port=18533, oip_grpc_port="none") as server,
        grpc.insecure_channel(f"127.0.0.1:{server.grpc_ports[0]}") as channel,
    ):
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert check(b"", timeout=10) == b"\x08\x01"


def test_options_have_the_names_of_the_command_and_the_settings(file):
    with keramos.serve(file, block=False, max_rows=1, name="matrix", **QUIET) as server:
        with pytest.raises(HTTPError, match="400"):
            predict(server.url)
        assert len(predict(server.url, rows=1)) == 1


def test_the_command_has_every_option_of_the_function():
    from keramos.cli.serve import command

    options = command.make_context("serve", ["model.h5"]).params
    assert options.keys() - {"path"} == ServeOptions.__annotations__.keys()
    defaults = Settings()
    for name in inspect.signature(Settings).parameters.keys() & options.keys():
        assert options[name] == getattr(defaults, name), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_row": 3}, r"'max_row': serve\(\) has no such option"),
        ({"port": "8501"}, r"Expected `int`, got `str` - at `\$.port`"),
        ({"tls_cert": "cert.pem"}, "go together"),
        ({"workers": 2}, "one thread"),
        ({"engine": "ray"}, "without Ray"),
        ({"grpc_port": "http"}, "gRPC port"),
        ({"versions": "newest"}, "latest:N"),
    ],
)
def test_a_wrong_option_is_a_usage_error(file, options, message):
    with pytest.raises(UsageError, match=message):
        keramos.serve(file, block=False, **QUIET | options)


def test_a_path_without_a_model_is_refused(tmp_path):
    broken = tmp_path / "broken.h5"
    broken.write_bytes(b"not a model")
    with pytest.raises(ModelError):
        keramos.serve(broken, block=False, **QUIET)
    with pytest.raises(StoreError):
        keramos.serve(tmp_path / "absent.h5", block=False, **QUIET)


def test_blocking_outside_the_main_thread_is_refused(file):
    errors = []

    def serve():
        with pytest.raises(UsageError, match="block=False") as caught:
            keramos.serve(file, **QUIET)
        errors.append(caught.value)

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(10)
    assert errors


def test_a_blocking_server_ends_by_a_signal_and_the_program_goes_on(file):
    program = textwrap.dedent(
        f"""
        import logging, signal, keramos
        logging.basicConfig(level=logging.INFO)
        before = signal.getsignal(signal.SIGINT)
        keramos.serve({str(file)!r}, port=0, grpc_port="none", oip_grpc_port="none")
        assert signal.getsignal(signal.SIGINT) is before
        print("goes on")
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        line = next(line for line in process.stderr if "http://" in line)
        assert len(predict(line.split()[-1])) == 2
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out.strip()) == (0, "goes on"), err


@pytest.mark.parametrize("value", ["", "/dev/zero", "absent"])
@pytest.mark.parametrize("options", [("api_keys_file",), ("tls_cert", "tls_key")])
def test_a_file_that_cannot_be_read_never_means_none(file, options, value):
    with pytest.raises(UsageError, match="cannot be read"):
        keramos.serve(file, block=False, **dict.fromkeys(options, value), **QUIET)
