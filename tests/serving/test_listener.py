"""The end of listening: what has begun is taken, what has not is refused."""

import select
import socket
import sys

import pytest

from keramos.serving.core.settings import Settings
from keramos.serving.core.sockets import listen, refuse_new


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has filters of sockets")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_connection_that_has_begun_is_taken_whole_and_a_new_one_waits_until_it_is_refused(host):
    listener = listen(Settings(host=host, port=0))
    begun = socket.create_connection(listener.getsockname()[:2], timeout=10)
    refuse_new(listener)
    late = socket.socket(listener.family)
    late.setblocking(False)
    late.connect_ex(listener.getsockname())
    with begun, late:
        begun.sendall(b"all of it")
        taken = listener.accept()[0]
        with taken:
            assert taken.recv(100) == b"all of it"
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
        listener.close()
        assert select.select([], [late], [], 10)[1]
        assert late.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
