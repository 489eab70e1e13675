"""The frame codec: however the bytes are cut, the same frames come out; what is no frame is said to be none."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.demo.router.frames import FRAME_BYTES_MAX, HEADER_BYTES, PING, Decoder, ProtocolCode, encode

FRAMES = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=8)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(FRAMES, st.lists(st.integers(0, 5000), max_size=20))
def test_frames_come_out_as_they_went_in_however_they_are_cut(frames, places):
    decoder = Decoder()
    data = b"".join(encode(kind, payload) for kind, payload in frames)
    got = [frame for piece in cut(data, places) for frame in decoder.feed(piece)]
    assert got == frames
    assert decoder.error is None
    assert decoder.buffered == 0


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=10))
def test_any_bytes_give_frames_or_an_error_and_the_cuts_change_nothing(data, places):
    whole, pieces = Decoder(), Decoder()
    at_once = whole.feed(data)
    in_pieces = [frame for piece in cut(data, places) for frame in pieces.feed(piece)]
    assert in_pieces == at_once
    assert (pieces.error is None) == (whole.error is None)
    if whole.error is not None and pieces.error is not None:
        assert str(pieces.error) == str(whole.error)
        assert whole.feed(encode(PING)) == []
    assert whole.buffered < FRAME_BYTES_MAX


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\0\0\0\0", ProtocolCode.INVALID_PAYLOAD),
        (b"\0\0\0\5\1\1", ProtocolCode.INVALID_PAYLOAD),
        (b"\xff\xff\xff\xff", ProtocolCode.FRAME_TOO_LARGE),
        ((FRAME_BYTES_MAX + 1).to_bytes(4, "big"), ProtocolCode.FRAME_TOO_LARGE),
        (b"\0\0\0\6\2", ProtocolCode.INVALID_VERSION),
        (b"\0\0\0\6\0\1", ProtocolCode.INVALID_VERSION),
    ],
)
def test_what_can_be_no_frame_is_an_error_as_soon_as_that_is_known(data, code):
    decoder = Decoder()
    frames = [frame for byte in data for frame in decoder.feed(bytes((byte,)))]
    assert frames == []
    assert decoder.error is not None and decoder.error.code is code


def test_a_header_alone_is_not_an_error_yet():
    decoder = Decoder()
    assert decoder.feed(encode(PING, b"x")[:HEADER_BYTES]) == []
    assert decoder.error is None


def test_the_largest_frame_passes_and_a_larger_one_cannot_be_made():
    payload = bytes(FRAME_BYTES_MAX - HEADER_BYTES)
    assert Decoder().feed(encode(PING, payload)) == [(PING, payload)]
    with pytest.raises(ValueError, match="at most"):
        encode(PING, payload + b"x")


def test_frames_before_a_broken_one_are_given():
    decoder = Decoder()
    assert decoder.feed(encode(PING, b"a") + b"\0\0\0\0") == [(PING, b"a")]
    assert decoder.error is not None
