"""Coverage-guided fuzzing of the frame decoder and of what reads requests and answers, with atheris.

    pip install atheris && python -m tests.router.fuzz_decoder -max_total_time=60

The same properties as the hypothesis tests of this folder, for as long as one likes. Without atheris it says
so and exits with 2.
"""

import sys

__all__ = ["check", "main"]


def check(data: bytes) -> None:
    """However the bytes are cut, frames and error are the same, and payloads are requests, answers or refused."""
    from chaosproof.demo.router.connection import ClientError, read_answer
    from chaosproof.demo.router.frames import Decoder
    from chaosproof.demo.router.request import RequestError, read_request

    whole, pieces = Decoder(), Decoder()
    at_once = whole.feed(data)
    step = 1 + len(data) % 7
    in_pieces = [frame for at in range(0, len(data), step) for frame in pieces.feed(data[at : at + step])]
    assert in_pieces == at_once
    assert str(pieces.error) == str(whole.error)
    for frame_type, payload in [*at_once, (0x01, data), (0x10, data)]:
        try:
            assert read_request(payload).request_id
        except RequestError as error:
            assert str(error)
        try:
            read_answer(frame_type, payload)
        except ClientError as error:
            assert error.code == "BAD_ANSWER"


def main() -> int:
    """Fuzz until told to stop; 2 without atheris."""
    try:
        import atheris
    except ImportError:
        print("atheris is not installed: pip install atheris, then try again.", file=sys.stderr)
        return 2
    with atheris.instrument_imports():
        import chaosproof.demo.router.connection
        import chaosproof.demo.router.frames
        import chaosproof.demo.router.request  # noqa: F401

    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
