"""HTTP responses are read strictly, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.load.protocols.support.http_parser import HttpResponse, HttpResponseError, HttpResponseParser
from tests.support.scripted_server import OK

OK_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = b'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{"code":"FULL"}\r\n0\r\n\r\n'


@given(st.sampled_from([OK, CHUNKED, b"HTTP/1.1 100 Continue\r\n\r\n" + OK]), st.lists(st.integers(1, 40)))
def test_an_answer_is_the_same_however_it_is_cut(data, sizes):
    def read(pieces: list[bytes]) -> HttpResponse | None:
        parser = HttpResponseParser("GET")
        for piece in pieces[:-1]:
            assert parser.feed(piece) is None
        return parser.feed(pieces[-1])

    pieces = []
    rest = data
    for size in sizes:
        if len(rest) > size:
            pieces.append(rest[:size])
            rest = rest[size:]
    whole = read([data])
    assert whole is not None
    assert read([*pieces, rest]) == whole


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_raise_anything_but_an_answer_error(data):
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        parser = HttpResponseParser("GET")
        try:
            parser.feed(prefix + data)
        except HttpResponseError as error:
            assert error.code in ("BAD_ANSWER", "HEADER_TOO_LARGE")


@pytest.mark.parametrize(
    ("data", "status", "reusable"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, True),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", 200, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", 200, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, False),
    ],
)
def test_framing_follows_rfc_9112(data, status, reusable):
    answer = HttpResponseParser("GET").feed(data)
    assert answer is not None
    assert (answer.status, answer.reusable) == (status, reusable)


@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsurplus", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", False),
    ],
)
def test_a_response_to_head_ends_with_its_head(data, reusable):
    response = HttpResponseParser("HEAD").feed(data)
    assert response is not None
    assert response.reusable is reusable


@pytest.mark.parametrize("surplus", [b"x", OK, OK[:1], b"HTTP/1.1 2"])
def test_bytes_after_a_response_make_its_connection_unusable(surplus):
    response = HttpResponseParser("GET").feed(OK + surplus)
    assert response is not None
    assert (response.code, response.reusable) == ("SUCCESS", False)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n", OK_CHUNK + b"0\r\n"])
@pytest.mark.parametrize("line", [b"X: " + b"y" * 997 + b"\r\n", b"y" * 1000])
def test_headers_and_trailers_without_end_are_refused(head, line):
    parser = HttpResponseParser("GET")
    parser.feed(head)
    with pytest.raises(HttpResponseError, match="HEADER_TOO_LARGE"):
        for _ in range(100):
            parser.feed(line)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",  # may be refused: RFC 9110, 8.6
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
    ],
)
def test_what_is_no_answer_is_refused_at_once(data):
    with pytest.raises(HttpResponseError, match="BAD_ANSWER"):
        HttpResponseParser("GET").feed(data)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"code":"UNAVAILABLE"}', "UNAVAILABLE"),
        (b'{"code":"a,b\\n\\"c"}', "a_b__c"),
        (b'{"code":"' + b"x" * 500 + b'"}', "x" * 64),
        (b'{"code":7}', "HTTP_200"),
        (b'{"code":""}', "HTTP_200"),
        (b'["code"]', "HTTP_200"),
        (b"{", "HTTP_200"),
        (b"{" * 5000, "HTTP_200"),
        (b'{"code":"\xff"}', "HTTP_200"),
        (b"", "HTTP_200"),
    ],
)
def test_a_code_is_a_word_that_fits_into_a_row(body, code):
    answer = HttpResponseParser("GET").feed(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    assert answer is not None
    assert answer.code == code
