"""Pages travel as gzip to whom takes it, so that a model of many columns has a small first page
too.
"""

import gzip

import numpy as np
import pytest

from support.browsers import get, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    import keramos
    from keramos.types.training import TrainingPlan

    place, rng = tmp_path_factory.mktemp("wide"), np.random.default_rng(0)
    table = {f"measure number {i}": rng.random(60).tolist() for i in range(240)}
    target = (rng.random(60) > 0.5).astype(int).tolist()
    keramos.train({**table, "y": target}, "y", plan=TrainingPlan(recipe="tutorial", epochs=1)).save(
        place / "wide.h5"
    )
    with serving(place) as (address, _):
        yield address


def test_the_page_of_a_model_with_240_columns_travels_in_less_than_150_kilobytes(server):
    status, headers, plain = get(server, "/models/wide")
    packed_status, packed_headers, packed = get(
        server, "/models/wide", **{"accept-encoding": "br, gzip;q=0.8"}
    )

    assert (status, packed_status) == (200, 200)
    assert len(packed) < 150_000 < len(plain)
    assert packed_headers["content-encoding"] == "gzip"
    assert packed_headers["vary"] == "accept-encoding"
    assert "content-encoding" not in headers
    assert (
        gzip.decompress(packed).count(b"measure number 239")
        == plain.count(b"measure number 239")
        > 0
    )


@pytest.mark.parametrize("accepted", ["identity", "br", "gzip;q=0", "gzip; q=0.000, br"])
def test_who_does_not_take_gzip_does_not_get_it(server, accepted):
    _, headers, body = get(server, "/", **{"accept-encoding": accepted})

    assert "content-encoding" not in headers
    assert b"</html>" in body
