"""Where a log of events stops being one: a row that goes back, that is cut, or that has no end."""

import hashlib
import json
from pathlib import Path

import pytest

from chaosproof.judge.checks.event_log import read_chain
from chaosproof.runfolder.events import EVENTS, ROW_BYTES_MAX, record_event
from tests.support.runs import T0


@pytest.mark.parametrize(
    ("back_s", "broken"), [(0.0, ""), (1.0, ""), (1.25, "the clock went back before row 1")]
)
def test_a_row_may_be_written_a_second_before_the_one_before_it(
    tmp_path: Path, back_s: float, broken: str
) -> None:
    for n, at in enumerate((T0, T0 - back_s, T0)):
        record_event(tmp_path, "tried", {"n": n}, at=at)
    chain = read_chain(tmp_path / EVENTS)
    assert (chain.broken, chain.torn, len(chain.rows)) == (broken, False, 1 if broken else 3)
    assert [data["n"] for data in chain.of("tried")] == ([0] if broken else [0, 1, 2])
    assert chain.of("other") == []


def test_a_log_that_ends_in_the_middle_of_a_row_is_torn_and_one_without_end_is_none(tmp_path: Path) -> None:
    path = tmp_path / EVENTS
    record_event(tmp_path, "tried", {}, at=T0)
    whole = path.read_bytes()
    for more, broken, torn in (
        (b"{", "", True),
        (b"x" * ROW_BYTES_MAX, "", True),
        (b"x" * (ROW_BYTES_MAX + 1), "row 1 has no end", False),
        (b"x" * ROW_BYTES_MAX + b"\n", "row 1 is no row of a log of events", False),
        (b"{}\n", "row 1 is no row of a log of events", False),
        (whole, "row 1 does not follow the one before it", False),
        (whole.replace(b"tried", b"tired"), "row 1 was changed after it was written", False),
    ):
        path.write_bytes(whole + more)
        chain = read_chain(path)
        assert (chain.broken, chain.torn, len(chain.rows)) == (broken, torn, 1)


def test_a_row_without_an_instant_is_none_of_the_chain(tmp_path: Path) -> None:
    record_event(tmp_path, "tried", {}, at=T0)
    first = json.loads((tmp_path / EVENTS).read_text())
    row = json.dumps({"seq": 1, "at": None, "what": "tried", "data": {}, "prev_sha256": first["sha256"]})
    digest = hashlib.sha256(row.encode()).hexdigest()
    with (tmp_path / EVENTS).open("a") as log:
        log.write(f'{row[:-1]}, "sha256": "{digest}"}}\n')
    chain = read_chain(tmp_path / EVENTS)
    assert (chain.broken, len(chain.rows)) == ("the clock went back before row 1", 1)
