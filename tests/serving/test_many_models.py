"""Many models behind one server: each is opened by its first request, and closed again where the
memory of open models is bounded.
"""

import contextlib
import json
import threading
from urllib.request import Request, urlopen

import pytest

import keramos
from keramos.errors import NotReadyError
from keramos.serving.core.routes import Context
from keramos.serving.core.served import UnopenedError
from keramos.serving.registry.folder_source import FolderSource
from keramos.serving.registry.lifecycle import Lifecycle
from keramos.serving.registry.opened import Opening
from keramos.serving.registry.registry import ModelRegistry
from keramos.store.store import Store
from keramos.types.serving import ModelRef, State
from serving.test_one_file import slow_file
from support.grpc_servers import running
from support.served_models import folder, matrix_model, matrix_rows

NAMES = ("a", "b", "c")
LAZY = Opening(on_request=True)


@pytest.fixture
def models(tmp_path):
    matrix_model()
    for name in NAMES:
        (tmp_path / f"{name}.keras").write_bytes((folder() / "matrix.keras").read_bytes())
    return tmp_path


def looked(source, opening=LAZY):
    registry = ModelRegistry()
    lifecycle = Lifecycle(registry, source, opening=opening)
    lifecycle.look()
    return registry, lifecycle


def open_names(registry):
    return [one.name for one in registry.all_served()]


class Counted:
    """A source that counts what is fetched from it."""

    def __init__(self, source):
        self.source, self.fetched = source, []

    def versions(self):
        return self.source.versions()

    @contextlib.contextmanager
    def local(self, version):
        self.fetched.append(version.model)
        with self.source.local(version) as path:
            yield path


def test_a_model_is_available_before_it_is_opened_and_its_first_request_opens_it(models):
    registry, _ = looked(FolderSource(models))

    assert open_names(registry) == []
    assert registry.ready()
    assert registry.failed() == 0
    assert [one.state for one in registry.statuses("b")] == [State.AVAILABLE]
    with pytest.raises(UnopenedError):
        registry.get(ModelRef("b"))
    assert registry.opened(ModelRef("b")).version == 1
    assert registry.get(ModelRef("b", 1)).name == "b"
    assert open_names(registry) == ["b"]


def test_requests_at_once_open_a_model_once(models):
    source = Counted(FolderSource(models))
    registry, _ = looked(source)
    threads = [threading.Thread(target=registry.opened, args=(ModelRef("a"),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert source.fetched == ["a"]
    assert open_names(registry) == ["a"]


def test_looking_again_opens_nothing_and_loads_new_versions_of_open_models_alone(models, tmp_path):
    store = Store(tmp_path / "store")
    for name in ("a", "b"):
        store.publish(models / "a.keras", name)
    source = Counted(store)
    registry, lifecycle = looked(source)
    registry.opened(ModelRef("a"))
    for name in ("a", "b"):
        store.publish(models / "b.keras", name)
    lifecycle.look()
    lifecycle.look()

    assert source.fetched == ["a", "a"]
    assert [(one.name, one.version) for one in registry.all_served()] == [("a", 2)]
    with pytest.raises(UnopenedError, match="version 2"):
        registry.get(ModelRef("b"))
    assert registry.statuses("b")[-1].state is State.END


def test_a_file_that_cannot_be_opened_is_said_and_an_older_version_answers(models, tmp_path):
    store = Store(tmp_path / "store")
    store.publish(models / "a.keras", "a")
    store.publish(models / "a.keras", "a")
    (found,) = [one for one in store.versions() if one.number == 2]
    with open(found.file, "r+b") as damaged:  # noqa: PTH123 (in place)
        damaged.truncate(100)
    registry, _ = looked(store)

    with pytest.raises(NotReadyError):
        registry.opened(ModelRef("a", 2))
    assert registry.statuses("a")[0].state is State.END
    assert registry.opened(ModelRef("a")).version == 1


def test_a_model_that_is_unloaded_stays_closed_until_it_is_loaded(models):
    registry, lifecycle = looked(FolderSource(models))
    lifecycle.unload("a")
    lifecycle.look()
    with pytest.raises(NotReadyError, match="unloaded on request"):
        registry.opened(ModelRef("a"))

    lifecycle.load("a")
    assert open_names(registry) == ["a"]


def test_what_answered_least_recently_is_closed_beyond_the_bound_and_opens_again(models):
    registry, _ = looked(FolderSource(models), Opening(on_request=True, most_bytes=1))
    held = registry.opened(ModelRef("a"))
    registry.opened(ModelRef("b"))

    assert open_names(registry) == ["b"]
    feeds = held.model.feeds(matrix_rows(1))
    assert len(held.model.run(feeds)[0]) == 1  # a request that has it ends undisturbed
    assert registry.statuses("a")[0].state is State.AVAILABLE
    assert registry.opened(ModelRef("a")).version == 1
    assert open_names(registry) == ["a"]


class Held:
    """A source whose looks go on until they are let go."""

    def __init__(self, source):
        self.source, self.local = source, source.local
        self.begun, self.goes_on = threading.Event(), threading.Event()
        self.goes_on.set()

    def versions(self):
        self.begun.set()
        assert self.goes_on.wait(30)
        return self.source.versions()


def test_a_request_that_opens_a_model_does_not_wait_for_a_look_that_closes_others_later(models):
    source = Held(FolderSource(models))
    registry, lifecycle = looked(source, Opening(on_request=True, most_bytes=1))
    registry.opened(ModelRef("a"))
    source.begun.clear()
    source.goes_on.clear()
    look = threading.Thread(target=lifecycle.look)
    look.start()
    assert source.begun.wait(30)

    assert registry.opened(ModelRef("b")).version == 1
    assert open_names(registry) == ["a", "b"]
    source.goes_on.set()
    look.join()
    assert open_names(registry) == ["b"]


def test_within_the_bound_nothing_is_closed_and_use_decides_who_stays(models):
    registry, lifecycle = looked(FolderSource(models), Opening(on_request=True, most_bytes=1 << 40))
    for name in NAMES:
        registry.opened(ModelRef(name))
    assert open_names(registry) == [*NAMES]

    served = registry.get(ModelRef("a"))
    registry.run(served, served.model.feeds(matrix_rows(1)))
    surplus = lifecycle._opened  # noqa: SLF001 (the order in which models are closed)
    surplus._most = 0  # noqa: SLF001 (as above)
    assert [name for name, _ in surplus.surplus(("c", 1))] == ["b", "a"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    place = tmp_path_factory.mktemp("many")
    matrix_model()
    for name in NAMES:
        (place / f"{name}.keras").write_bytes((folder() / "matrix.keras").read_bytes())
    slow_file(place, "slow.h5")
    options = {"port": 0, "grpc_port": "none", "oip_grpc_port": "none", "preload": False}
    limits = keramos.Limits(row_operations=10**18)
    with keramos.serve(place, block=False, limits=limits, load_timeout=60, **options) as running:
        yield running


def asked(url, body=None):
    data = json.dumps(body).encode() if body is not None else None
    with urlopen(Request(url, data), timeout=60) as reply:  # noqa: S310 (our own server)
        return reply.read()


ROWS = {"instances": [[1.0, 2.0, 3.0, 4.0]]}


@pytest.mark.system
def test_states_and_readiness_open_nothing_and_each_way_in_opens_its_model(server):
    states = json.loads(asked(f"{server.url}/v1/models/a"))["model_version_status"]
    assert [one["state"] for one in states] == ["AVAILABLE"]
    assert json.loads(asked(f"{server.url}/v2/models/a/ready"))["ready"]
    assert b"opens at its next request" in asked(f"{server.url}/")

    assert json.loads(asked(f"{server.url}/v1/models/a:predict", ROWS))["predictions"]
    assert b"at its next request" not in asked(f"{server.url}/models/b")
    assert json.loads(asked(f"{server.url}/v2/models/c"))["name"] == "c"


def asked_for_slow(server):
    with contextlib.suppress(OSError):  # the server ends before it is open
        asked(f"{server.url}/v1/models/slow:predict", ROWS)


@pytest.mark.system
def test_a_model_that_takes_long_to_open_keeps_no_other_waiting(server):
    waiting = threading.Thread(target=asked_for_slow, args=(server,), daemon=True)
    waiting.start()
    assert asked(f"{server.url}/livez")
    assert json.loads(asked(f"{server.url}/v1/models/b:predict", ROWS))["predictions"]
    assert waiting.is_alive()


@pytest.mark.system
def test_grpc_opens_the_model_of_a_call(models):
    triton = pytest.importorskip("tritonclient.grpc")
    registry, _ = looked(FolderSource(models))
    with (
        running(Context(registry)) as grpc_server,
        triton.InferenceServerClient(grpc_server.address) as client,
    ):
        assert client.is_model_ready("c")
        assert open_names(registry) == []
        assert client.get_model_metadata("c").name == "c"
    assert open_names(registry) == ["c"]
