"""The lab's name server knows the lab's names, and says at once that it knows no other."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosproof.targets.local.inside.resolver import answer_to

NAMES = {"web": "10.96.0.1", "web-0": "10.77.0.10"}


def query(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return (
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00" + struct.pack("!HH", kind, 1)
    )


@pytest.mark.parametrize(
    ("name", "kind", "code", "address"),
    [
        ("web", 1, 0, b"\x0a\x60\x00\x01"),
        ("WEB-0", 1, 0, b"\x0a\x4d\x00\x0a"),
        ("web", 28, 0, b""),
        ("example.com", 1, 3, b""),
    ],
)
def test_a_name_is_answered_with_its_address_or_with_that_there_is_none(name, kind, code, address):
    answer = answer_to(query(name, kind), NAMES)
    assert answer is not None
    number, flags, questions, answers, *_ = struct.unpack_from("!6H", answer)
    assert (number, flags & 0xF, flags >> 15, questions, answers) == (0x1234, code, 1, 1, bool(address))
    assert answer.endswith(address)


@settings(max_examples=200)
@given(st.binary(max_size=80))
def test_no_question_ends_the_name_server(data):
    answer_to(data, NAMES)
    answer_to(query("web")[:12] + data, NAMES)
