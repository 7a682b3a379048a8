"""Who may ask: HTTPS, API keys in every protocol, browsers of other origins, and calls that change
what is served.
"""

import datetime as dt
import ipaddress
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from support.free_port import free_port
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import NO_GRPC, Server, serving

PREDICT = "/v1/models/matrix:predict"


@pytest.fixture(scope="module")
def file():
    matrix_model()
    return folder() / "matrix.keras"


@pytest.fixture(scope="module")
def body():
    return {"instances": matrix_rows(1).tolist()}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    place = tmp_path_factory.mktemp("tls")
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    (place / "cert.pem").write_bytes(made.public_bytes(pem))
    (place / "key.pem").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return place / "cert.pem", place / "key.pem"


@pytest.fixture(scope="module")
def guarded(file, tmp_path_factory):
    """A server with two keys and gRPC; gives it and its gRPC port."""
    keys = tmp_path_factory.mktemp("keys") / "keys.txt"
    keys.write_text("# of the test\nfirst-key\n\nsecond-key\n")
    port = free_port()
    grpc = ("--grpc-port", "none", "--oip-grpc-port", str(port))
    with serving(file, "--api-keys-file", str(keys), grpc=grpc) as server:
        yield server, port


def test_https_is_answered_to_who_trusts_the_certificate_and_http_is_not(file, body, certificate):
    cert, key = certificate
    grpc_port = free_port()
    grpc = ("--grpc-port", "none", "--oip-grpc-port", str(grpc_port))
    server = Server(file, "--tls-cert", str(cert), "--tls-key", str(key), *grpc)
    try:
        url = server.url(PREDICT, "https")
        assert "https://" in server.lines[0]
        server.line("model_loaded")
        assert requests.post(url, json=body, verify=str(cert), timeout=30).status_code == 200
        with requests.Session() as session:  # many requests on one connection, small and large
            for count in (1, 2000, 1):
                rows = matrix_rows(count).tolist()
                reply = session.post(url, json={"instances": rows}, verify=str(cert), timeout=30)
                assert len(reply.json()["predictions"]) == count
        with pytest.raises(requests.exceptions.SSLError):
            requests.post(url, json=body, timeout=30)
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.post(server.url(PREDICT), json=body, timeout=30)
        _ask_grpc_by_tls(grpc_port, cert)
    finally:
        assert server.stop() == 0


def _ask_grpc_by_tls(port, cert):
    import grpc
    import tritonclient.grpc as triton

    credentials = grpc.ssl_channel_credentials(cert.read_bytes())
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
        grpc.channel_ready_future(channel).result(30)
        stub = triton.service_pb2_grpc.GRPCInferenceServiceStub(channel)
        assert stub.ModelReady(
            triton.service_pb2.ModelReadyRequest(name="matrix"), timeout=30
        ).ready


def test_a_certificate_without_its_key_is_wrong_usage_and_a_broken_one_is_said(
    file, certificate, tmp_path
):
    program = [
        str(Path(sys.executable).with_name("keramos")),
        "serve",
        str(file),
        "--port",
        "0",
        *NO_GRPC,
    ]
    alone = subprocess.run(
        [*program, "--tls-cert", str(certificate[0])], capture_output=True, text=True, check=False
    )
    assert alone.returncode == 2
    assert "go together" in alone.stderr
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    both = ["--tls-cert", str(broken), "--tls-key", str(broken)]
    said = subprocess.run([*program, *both], capture_output=True, text=True, check=False)
    assert said.returncode == 2, said.stderr
    assert "cannot be used" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"X-API-Key": "wrong"},
        {"X-API-Key": ""},
        {"Authorization": "Basic first-key"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer first-ke"},
    ],
)
def test_without_a_key_nothing_but_probes_is_answered(guarded, body, given):
    server, _ = guarded
    for path in (PREDICT, "/models/matrix/decide", "/v2/models/matrix/infer", "/invocations"):
        reply = server.post(path, body, headers=given)
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer"), path
    for path in ("/metrics", "/models", "/v1/models/matrix", "/", "/v2", "/no/such/path"):
        assert server.get(path, headers=given).status_code == 401, path
    for path in (
        "/livez",
        "/readyz",
        "/startupz",
        "/healthz",
        "/ping",
        "/v2/health/live",
        "/v2/health/ready",
    ):
        assert server.get(path, headers=given).status_code == 200, path


@pytest.mark.parametrize("given", [{"X-API-Key": "second-key"},
{"Authorization": "Bearer first-key"},
                                   {"authorization": "bearer second-key"}])  # fmt: skip
def test_with_a_key_everything_is_answered(guarded, body, given):
    server, _ = guarded
    assert server.post(PREDICT, body, headers=given).status_code == 200
    assert server.get("/metrics", headers=given).status_code == 200


def test_grpc_needs_a_key_too_except_for_probes(guarded):
    import grpc
    import tritonclient.grpc as triton

    _, port = guarded
    request = triton.service_pb2.ModelReadyRequest(name="matrix")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(30)
        stub = triton.service_pb2_grpc.GRPCInferenceServiceStub(channel)
        assert stub.ServerLive(triton.service_pb2.ServerLiveRequest(), timeout=30).live
        for metadata in ((), (("x-api-key", "wrong"),)):
            with pytest.raises(grpc.RpcError) as refused:
                stub.ModelReady(request, metadata=metadata, timeout=30)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        for metadata in ((("x-api-key", "first-key"),), (("authorization", "Bearer second-key"),)):
            assert stub.ModelReady(request, metadata=metadata, timeout=30).ready


def test_a_page_of_the_allowed_origin_may_ask_and_others_may_not(file, body):
    with serving(file, "--cors-origin", "https://shop.example") as server:
        asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
        preflight = requests.options(server.url(PREDICT), headers=asks, timeout=30)
        answer = server.post(PREDICT, body, headers={"Origin": "https://shop.example"})
        other = server.post(PREDICT, body, headers={"Origin": "https://elsewhere.example"})

    assert preflight.status_code == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    for reply in (preflight, answer):
        assert reply.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in other.headers


def test_no_origin_is_allowed_and_nothing_can_be_changed_unless_asked_for(file, body):
    with serving(file) as server:
        reply = server.post(PREDICT, body, headers={"Origin": "https://shop.example"})
        changes = [
            server.post(f"/v2/repository/models/matrix/{verb}", {}) for verb in ("unload", "load")
        ]
        assert server.post(PREDICT, body).status_code == 200

    assert "access-control-allow-origin" not in reply.headers
    assert [change.status_code for change in changes] == [403, 403]


def test_with_admin_a_model_can_be_unloaded_and_loaded_again(file, body):
    with serving(file, "--admin") as server:
        assert server.post("/v2/repository/models/matrix/unload", {}).status_code == 200
        assert server.post(PREDICT, body).status_code == 503
        assert server.post("/v2/repository/models/matrix/load", {}).status_code == 200
        assert server.post(PREDICT, body).status_code == 200
