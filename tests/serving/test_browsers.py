"""Pages of other sites cannot change what is served, and their names are not this server's."""

from __future__ import annotations

import pytest

from keramos.serving.core.auth import Access, read_keys
from keramos.serving.core.browsers import AllowedHosts
from keramos.serving.core.messages import Request
from keramos.serving.core.routes import Context
from keramos.serving.http.app import App
from keramos.serving.protocols.oip import rest as oip
from keramos.serving.registry.registry import ModelRegistry
from support.served_models import folder, matrix_model, matrix_rows
from support.servers import serving

PREDICT = "/v1/models/matrix:predict"
UNLOAD = "/v2/repository/models/matrix/unload"
OWN = "127.0.0.1:8501"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin", "origin": f"http://{OWN}"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": f"http://{OWN}"}, True),
        ({"origin": f"HTTP://{OWN}"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:3000"}, False),
        ({"sec-fetch-site": "strange"}, False),
        ({"sec-fetch-site": "cross-site", "origin": f"http://{OWN}"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://127.0.0.1:3000"}, False),
        ({"origin": f"http://{OWN}.evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "file://"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://friend.example"}, True),
        ({"origin": "https://friend.example:444"}, False),
    ],
)
def test_only_programs_own_pages_and_the_named_origin_may_change_what_is_served(headers, allowed):
    request = Request("POST", UNLOAD, headers={"host": OWN, **headers})

    assert Access(cors_origin="https://friend.example").may_change(request) == allowed


def test_a_wildcard_origin_may_read_and_not_change():
    request = Request("POST", UNLOAD, headers={"host": OWN, "origin": "http://evil.example"})

    assert not Access(cors_origin="*").may_change(request)


def test_every_route_that_changes_what_is_served_is_closed_to_pages_of_other_sites():
    calls = []
    context = Context(ModelRegistry(), load=calls.append, unload=calls.append)
    app = App(context, oip.ROUTES, Access())
    posts = [route for route in oip.ROUTES if "/repository/models/" in route.path]
    asked = [
        Request("POST", route.path.replace("{name}", "m"), headers={"sec-fetch-site": "cross-site"})
        for route in posts
    ]

    assert len(posts) == 2
    assert [app.answer(request).status for request in asked] == [403, 403]
    assert calls == []


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("", True),
        ("127.0.0.1:8501", True),
        ("10.1.2.3", True),
        ("[::1]:8501", True),
        ("[2001:db8::1]", True),
        ("localhost:8501", True),
        ("LOCALHOST.:8501", True),
        ("app.localhost", True),
        ("models.example", True),
        ("Models.Example:443", True),
        ("models.example.", True),
        ("evil.example", False),
        ("evil.example:8501", False),
        ("models.example.evil.example", False),
        ("notlocalhost", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("[evil]", False),
        ("\u0661\u0662\u0667.0.0.1", False),
        ("models.example@evil.example", False),
    ],
)
def test_addresses_localhost_and_named_hosts_are_answered_and_no_other(host, allowed):
    assert AllowedHosts.of(["0.0.0.0", "models.example:8501"]).admit(host) == allowed  # noqa: S104 (text)


def test_a_star_allows_every_host():
    assert AllowedHosts.of(["*"]).admit("evil.example")


def test_with_admin_no_path_answers_for_the_name_of_another_site():
    matrix_model()
    body = {"instances": matrix_rows(1).tolist()}
    evil, good = {"Host": "evil.example"}, {"Host": "models.example"}
    with serving(
        folder() / "matrix.keras", "--admin", "--allowed-host", "models.example"
    ) as server:
        for path in ("/", "/models/matrix", "/v1/models/matrix", "/openapi.json", "/metrics"):
            assert server.get(path, headers=evil).status_code == 403, path
            assert server.get(path, headers=good).status_code == 200, path
        for plain in ({}, {"Origin": "http://evil.example"}):  # with and without the fast path
            assert server.post(PREDICT, body, headers={**plain, **evil}).status_code == 403
        assert server.post(UNLOAD, {}, headers=evil).status_code == 403
        assert server.get("/readyz", headers=evil).status_code == 200
        reply = server.post(PREDICT, body, headers=evil)
        assert "--allowed-host evil.example" in reply.json()["error"]
        assert server.post(PREDICT, body, headers=good).status_code == 200
        assert server.post(PREDICT, body).status_code == 200


@pytest.mark.parametrize("blank", ["", " ", "  ", "\t", "\xa0", "\u2003"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_indented_comment_is_not_a_key(tmp_path, blank, mark):
    file = tmp_path / "keys.txt"
    text = f"{mark}{blank}# old\nkey-1\n{blank}# older\r\n{blank}\n{blank}key#2\n"
    file.write_text(text, encoding="utf-8")

    assert read_keys(str(file)) == ("key-1", "key#2")
