"""Where a key is required, only what is signed for it answers; nothing else is even parsed."""

import pytest

from keramos.errors import SignatureError, UsageError
from keramos.serving.registry.folder_source import FolderSource
from keramos.serving.registry.lifecycle import Lifecycle
from keramos.serving.registry.loading import Loading
from keramos.serving.registry.model_state import Policy
from keramos.serving.registry.registry import ModelRegistry
from keramos.store.store import Store
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import serving

pytest.importorskip("model_signing", reason="needs the extra: pip install 'keramos[sign]'")

BAD = b"\x89HDF\r\n\x1a\n" + b"\0" * 99
LATEST = Policy(newest=1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    from keramos.signing.signing import new_key

    return new_key(tmp_path_factory.mktemp("keys") / "mine")


@pytest.fixture
def file(tmp_path):
    matrix_model()
    path = tmp_path / "files" / "matrix.keras"
    path.parent.mkdir()
    path.write_bytes((folder() / "matrix.keras").read_bytes())
    return path


def sign(path, keys, name=None):
    from keramos.signing.signing import sign

    return sign(path, key=keys[0], name=name)


def looked(source, keys):
    engine = ModelRegistry()
    lifecycle = Lifecycle(engine, source, LATEST, Loading(key=str(keys[1])))
    lifecycle.look()
    return engine, lifecycle


def states(engine, name="matrix"):
    return [(status.version, status.state.name) for status in engine.statuses(name)]


def test_an_unsigned_file_is_not_parsed_but_reported_and_answers_once_its_signature_is_there(
    file, keys
):
    (file.parent / "broken.h5").write_bytes(BAD)
    engine, lifecycle = looked(FolderSource(file.parent), keys)

    assert engine.all_served() == ()
    assert all("is not signed" in engine.statuses(name)[0].message for name in ("broken", "matrix"))
    sign(file, keys)
    lifecycle.look()
    assert states(engine) == [(1, "AVAILABLE")]


def test_a_signed_file_that_was_changed_afterwards_is_refused_and_the_old_model_goes_on(file, keys):
    sign(file, keys)
    engine, lifecycle = looked(FolderSource(file), keys)
    file.write_bytes(file.read_bytes() + b" ")
    lifecycle.look()

    assert states(engine) == [(2, "END"), (1, "AVAILABLE")]
    assert "not the one that was signed" in engine.statuses("matrix")[0].message


def test_a_new_version_without_a_signature_never_answers_and_the_old_one_stays(
    file, keys, tmp_path
):
    store = Store(tmp_path / "store")
    sign(file, keys)
    store.publish(file, "matrix")
    engine, lifecycle = looked(store, keys)
    file.with_name("matrix.keras.sig").unlink()
    store.publish(file, "matrix")
    for _ in range(3):
        lifecycle.look()
    assert states(engine) == [(2, "END"), (1, "AVAILABLE")]

    sign(file, keys)
    store.publish(file, "matrix")
    lifecycle.look()
    assert states(engine)[0] == (3, "AVAILABLE")
    store.rollback("matrix")
    lifecycle.look()
    assert (4, "END") in states(engine), "what it went back to is the unsigned version"


def test_signatures_travel_to_and_from_a_remote_store(file, keys):
    pytest.importorskip("fsspec", reason="needs the extra: pip install 'keramos[remote]'")
    store = Store("memory://signed-models")
    sign(file, keys)
    store.publish(file, "matrix")
    engine, _ = looked(store, keys)

    assert states(engine) == [(1, "AVAILABLE")]


def test_a_key_of_somebody_else_opens_nothing(file, keys, tmp_path):
    from keramos.signing.signing import new_key

    sign(file, new_key(tmp_path / "other"))
    engine, _ = looked(FolderSource(file), keys)

    assert "made with another key" in engine.statuses("matrix")[0].message


def test_a_server_with_a_required_key_serves_the_signed_and_reports_the_rest(file, keys):
    (file.parent / "plain.keras").write_bytes(file.read_bytes())
    sign(file, keys)
    with serving(file.parent, "--require-signature", str(keys[1])) as server:
        body = {"instances": matrix_rows(1).tolist()}
        assert server.post("/v1/models/matrix:predict", body).status_code == 200
        assert server.post("/v1/models/plain:predict", body).status_code == 503
        assert "is not signed" in server.get("/v1/models/plain").text
        assert "is not signed" in server.line("model_failed")
        assert 'keramos_version_failed{model="plain"' in server.get("/metrics").text


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        (None, True),
        ("matrix", True),
        ("matrix@1", True),
        ("matrix@2", False),
        ("matri", False),
        ("matrix.keras", False),
        ("other@1", False),
    ],
)
def test_a_signature_for_a_named_model_holds_for_it_alone(file, keys, tmp_path, name, answers):
    sign(file, keys, name)
    engine, _ = looked(FolderSource(file), keys)
    store = Store(tmp_path / "store")

    if answers:
        assert states(engine) == [(1, "AVAILABLE")]
        assert store.publish(file, "matrix").number == 1
    else:
        assert f"the signature is for '{name}'" in engine.statuses("matrix")[0].message
        with pytest.raises(SignatureError, match="the signature is for"):
            store.publish(file, "matrix")
        left = [path.name for path in (tmp_path / "store").rglob("*") if path.is_file()]
        assert left == []


def test_a_signed_version_that_is_published_again_does_not_answer(file, keys, tmp_path):
    store = Store(tmp_path / "store")
    sign(file, keys, "matrix@1")
    store.publish(file, "matrix")
    copied = tmp_path / "store" / "matrix" / "2"
    copied.mkdir()
    for part in (tmp_path / "store" / "matrix" / "1").iterdir():
        (copied / part.name).write_bytes(part.read_bytes())
    engine, _ = looked(store, keys)

    assert (2, "END") in states(engine)
    assert "the signature is for 'matrix@1'" in engine.statuses("matrix")[0].message


@pytest.mark.parametrize("name", ["", "a/b", "a@", "a@x", "a@0", "a@1@2", "a\nb", "a" * 200])
def test_a_name_that_no_model_can_have_is_not_signed_for(file, keys, name):
    from keramos.signing.bound import subject

    with pytest.raises(UsageError, match="MODEL or MODEL@VERSION"):
        subject(name)
