"""The page says of each other kernel what is missing in its table; and what is missing is what is measured next."""

from pathlib import Path

from chaosproof.faults.backends.base import Capabilities

from .__main__ import _jobs
from .page import page
from .record import Measurement, Row, write_measurement
from .room import Pace

DROP = Row("drop", "tcp", "4", "new", "nft", "client egress")
STALL = Row("stall", "tcp", "4", "new", "nft", "client egress")
REFUSED = Row("stall", "udp", "4", "new", "any", "client egress", problem="use drop", refused=True)
LATE = Row("drop", "tcp", "6", "new", "nft", "client egress", problem="not measured: too slow")


def written(folder: Path, release: str, *rows: Row) -> None:
    write_measurement(Measurement(release, "a test", {}, 60.0, rows), folder)


def test_what_another_kernel_s_table_lacks_is_said(tmp_path: Path) -> None:
    """Refusals are our own word on every kernel, and are no gap."""
    written(tmp_path, "6.18.1", DROP, STALL, REFUSED)
    written(tmp_path, "6.12.1", DROP, LATE)
    text = page(tmp_path)
    assert "Rows that were not measured there: 1 of stall." in text
    assert "Rows whose measurement failed there: 1 of drop." in text


def test_a_whole_table_has_no_gaps(tmp_path: Path) -> None:
    written(tmp_path, "6.18.1", DROP, REFUSED)
    written(tmp_path, "6.12.1", DROP)
    assert "there: " not in page(tmp_path).split("## On 6.12.1")[1].split("## How")[0]


def test_what_is_there_already_is_not_measured_again() -> None:
    """Trial by trial, as a table is filled."""
    known = Capabilities({"nft": ""})
    every, _ = _jobs(known, Pace(), ["drop"], ())
    rest, _ = _jobs(known, Pace(), ["drop"], {("drop", "nft", "client egress", "tcp")})
    assert len(rest) == len(every) - 1
