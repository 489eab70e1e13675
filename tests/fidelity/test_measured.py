"""A few telling rows, measured here and now, have the words that the table has, and the page is the table's.

Which release's table: this kernel's, or that of the nearest older one.
"""

import platform
from concurrent.futures import ThreadPoolExecutor

import pytest

from chaosproof.faults.backends.base import Capabilities
from chaosproof.faults.kinds import KINDS

from .causes import CAUSES
from .likeness import signature
from .measure import measure_cause, measure_trial
from .page import page, release_order
from .record import FOLDER, Measurement, Row, read_measurement
from .room import Pace
from .trials import trials

PACE = Pace(fault_s=3.0, look_s=0.4)
NFT = Capabilities({"nft": "", "end-idle": ""})
# what is so on a machine that is busy with other tests, too
CERTAIN = ("the client learns", "the server learns", "answers", "the client repeats")
# and where it is chance which packets are met, and how soon those that were lost are sent again
CHANCE = ("the client learns", "the server learns")


def table() -> Measurement:
    here = release_order(Measurement(platform.release(), "", {}, 0, ()))
    tables = sorted(map(read_measurement, FOLDER.glob("*.json")), key=release_order)
    older = [one for one in tables if release_order(one) <= here]
    return (older or tables)[-1]


@pytest.fixture(scope="module")
def measured() -> list[Row]:
    """Resets, drops and losses of what a client sends over TCP, and a killed server, all at once."""
    kinds = ("reset", "drop", "loss")
    chosen = [
        trial
        for trial in trials(NFT)
        if trial.arguments["kind"] in kinds
        and (trial.place, trial.protocol, trial.problem) == ("client egress", "tcp", "")
    ]
    killed = next(cause for cause in CAUSES if cause.name == "peer process killed")
    assert {trial.arguments["kind"] for trial in chosen} == set(kinds)
    with ThreadPoolExecutor() as pool:
        rows = [pool.submit(measure_trial, trial, NFT, PACE) for trial in chosen]
        rows.append(pool.submit(measure_cause, killed, "tcp", PACE))
        return [row for measuring in rows for row in measuring.result()]


@pytest.mark.lab
def test_telling_rows_are_as_the_table_has_them(measured: list[Row]):
    """By what each end learns of it, whether it gets answers, and whether it repeats."""
    assert [row.problem for row in measured if row.problem] == []
    expected = {row.key: row for row in table().rows}
    here, there = {}, {}
    for row in measured:
        if not (_is_chance(row) and row.connection == "new"):
            here[row.key], there[row.key] = _words(row), _words(expected[row.key])
    assert here == there


def test_the_page_is_what_the_table_generates():
    """`python -m tests.fidelity.page > docs/reference/fidelity.md` changes nothing."""
    assert (FOLDER.parent / "fidelity.md").read_text(encoding="utf-8") == page()


def _words(row: Row) -> dict[str, str]:
    certain = CHANCE if _is_chance(row) else CERTAIN
    words = {name: word for name, word in signature(row).items() if name in certain}
    # when, is for the table, which is measured on a quiet machine
    return {name: word.removesuffix(" late") for name, word in words.items()}


def _is_chance(row: Row) -> bool:
    kind = KINDS.get(row.subject.split()[0])
    return bool(kind and kind.share)
