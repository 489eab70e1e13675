"""The rows as the load generator writes them, read by its own reader and by ours: both see the same."""

import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaosproof.judge.figures.request_stats import fold_requests
from chaosproof.load.recording.row_file import RowFile
from chaosproof.runfolder.requests import HEADER, encode_row, read_rows


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("load") / "requests.csv.gz"
    file = RowFile(path, HEADER)
    for seq in range(500):
        due = 1_800_000_000 + seq / 200
        if seq % 50 == 7:
            file.add(encode_row(seq, due, None, due + 10, 0, "NOT_SENT", "", 0))
        else:
            status, code = (503, "UNAVAILABLE") if seq % 9 == 0 else (200, "SUCCESS")
            file.add(encode_row(seq, due, due + 0.001, due + 0.02, status, code, f"app-a-{seq % 2}", 1))
        if seq % 100 == 99:
            file.flush()
    file.close()
    return path.read_bytes()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0.05, 1))
def test_they_agree_wherever_the_file_is_cut(written: bytes, tmp_path: Path, at: float) -> None:
    path = tmp_path / "requests.csv.gz"
    path.write_bytes(written[: round(len(written) * at)])
    records = list(read_rows(path))
    fold = fold_requests(path, closed=False, fault=None)
    assert (fold.rows, fold.bad_rows, fold.doubles) == (len(records), 0, 0)
    assert fold.sent == sum(r.sent_at is not None for r in records)
    cells = fold.cells["before"]
    assert {name: cell.ok for name, cell in cells.items()} == {
        name: sum(r.ok for r in records if (r.instance or "nobody") == name) for name in cells
    }
    assert sorted(x for cell in cells.values() for x in cell.latencies) == sorted(
        r.latency_s("open") for r in records
    )
    assert bool(fold.problems) == (path.stat().st_size not in whole_member_ends(written))


def whole_member_ends(data: bytes) -> set[int]:
    """Where the file may end without being cut: after each gzip member."""
    ends, rest = set(), data
    while rest:
        member = zlib.decompressobj(wbits=31)
        member.decompress(rest)
        rest = member.unused_data
        ends.add(len(data) - len(rest))
    return ends
