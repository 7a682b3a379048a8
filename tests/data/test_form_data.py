"""Forms of pages: fields of text and files, and what is none."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.data.form_data import Part, parts_of, read_form
from keramos.errors import RequestError

KIND = 'multipart/form-data; boundary="-x y"'


def part(head, data):
    return b"---x y\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"


def form(*parts):
    return b"".join(parts) + b"---x y--\r\n"


def named(name, file=None):
    more = "" if file is None else f'; filename="{file}"\r\nContent-Type: image/png'
    return f'Content-Disposition: form-data; name="{name}"{more}'


def test_texts_and_files_are_told_apart():
    body = form(
        part(named("c.text"), b"one\r\ntwo"),
        part(named("c.image", "a.png"), b"\r\n--\x00\xff"),
        part(named("c.none", ""), b""),
        part(named("a%22b"), "\u00e9".encode()),
    )
    found = read_form(KIND, b"before\r\n" + body)

    assert found.texts == {"c.text": "one\ntwo", 'a"b': "\u00e9"}
    assert found.files == {"c.image": b"\r\n--\x00\xff"}


def test_parts_come_in_their_order_also_under_one_name():
    body = form(
        part(named("a", "1.png"), b"1"),
        part(named("a"), b"text"),
        part(named("a", "2.png"), b""),
        part(named("a", ""), b""),
        part("Content-Disposition: form-data", b"none"),
        part("content-disposition: form-data; filename*=UTF-8''x.png; name=b", b"3"),
        part(r'Content-Disposition: form-data; filename="\"; name=\"c.png"; name="d"', b"4"),
    )

    assert list(parts_of(KIND, body)) == [
        Part("a", "1.png", b"1"),
        Part("a", None, b"text"),
        Part("a", "2.png", b""),
        Part("a", "", b""),
        Part(None, None, b"none"),
        Part("b", "UTF-8''x.png", b"3"),
        Part("d", r"\"; name=\"c.png", b"4"),
    ]


@pytest.mark.parametrize("odd", [b'; a="\\', b';a="', b"; a=", b";;", b";\t \t", b'"\\;='])
def test_a_head_of_any_form_takes_no_time(odd):
    head = b"Content-Disposition: form-data" + odd * (8000 // len(odd))
    body = (b"---x y\r\n" + head + b"\r\n\r\n\r\n") * 1000 + b"---x y--"
    started = time.process_time()
    read_form(KIND, body)
    assert time.process_time() - started < 1


def test_a_form_in_an_address_is_read():
    found = read_form("application/x-www-form-urlencoded", b"c.a=1+2%0D%0A3&c.b=")

    assert found.texts == {"c.a": "1 2\n3", "c.b": ""}


@given(
    texts=st.dictionaries(st.text("abc", min_size=1), st.text("xyz\u00e9 \n-")),
    files=st.dictionaries(st.text("def", min_size=1), st.binary(min_size=1)),
)
def test_what_is_sent_is_read(texts, files):
    body = form(
        *(part(named(name), text.encode()) for name, text in texts.items()),
        *(part(named(name, "f"), data) for name, data in files.items()),
    )
    if any(b"\r\n---x y" in data for data in files.values()):
        return
    found = read_form(KIND, body)

    assert (found.texts, found.files) == (texts, files)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", b""),
        ("text/plain", b"a=1"),
        ("multipart/form-data", b"x"),
        (KIND, b""),
        (KIND, b"no part"),
        (KIND, part(named("a"), b"x")),
        (KIND, b"---x y\r\nno end of the header---x y--"),
        (KIND, form(part(named("a"), b"\xff"))),
        ("application/x-www-form-urlencoded", b"\xff"),
        ("application/x-www-form-urlencoded", b"a=1&" * 20_000),
        (KIND, form(*[part(named("a"), b"x")] * 10_001)),
    ],
)
def test_what_is_no_form_is_refused(kind, body):
    with pytest.raises(RequestError):
        read_form(kind, body)


@given(body=st.binary(max_size=200), cut=st.integers(0, 200))
def test_any_bytes_are_read_or_refused(body, cut):
    whole = form(part(named("a"), b"text"), part(named("b", "f"), body))
    for one in (body, whole[:cut], body + whole):
        with contextlib.suppress(RequestError):
            read_form(KIND, one)


@pytest.mark.parametrize(
    "body", [b"\r\n" * 10_000_000, b"\r\n---x y" * 2_000_000, b"-" * 20_000_000]
)
def test_a_large_body_that_is_no_form_takes_no_time(body):
    started = time.process_time()
    with pytest.raises(RequestError):
        read_form(KIND, body)
    assert time.process_time() - started < 1
