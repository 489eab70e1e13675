"""The ledger is whole at any moment, whoever writes it."""

import json
import threading
from pathlib import Path

import pytest

from chaosproof.errors import ChaosproofError
from chaosproof.faults.errors import FaultError
from chaosproof.faults.receipts.store import ReceiptStore
from chaosproof.runfolder.faults import Canary, CanaryExpectation, Expectation, FaultLedger, FaultRecord

RECEIPT = FaultRecord(
    id="ab12",
    kind="loss",
    selector={"protocol": "udp", "port": 53, "port_side": "destination", "peer": None},
    direction="ingress",
    magnitude={"loss_percent": 20.0},
    planned_s=5.0,
    expects=Expectation(proof="packets"),
    instance="app-0",
    backend="nft",
    fidelity="kernel expiry",
    planned_at=1.0,
    applied_at=2.0,
    expires_at=7.0,
    ended_at=7.01,
    ended_by="kernel",
    packets=9,
    canary=Canary(before="open", during="refused", after="open"),
    apply_ms=6.5,
)


def test_a_row_has_the_fields_that_the_run_folder_promises():
    promised = {"id", "kind", "instance", "backend", "fidelity", "selector", "direction", "planned_s"}
    promised |= {"planned_at", "applied_at", "expires_at", "ended_at", "ended_by", "packets", "canary"}
    promised |= {"healed", "error"}
    row = RECEIPT.to_json()
    assert promised <= set(row)
    assert set(row["selector"]) == {"protocol", "port", "port_side", "peer"}
    assert set(row["canary"]) == {"before", "during", "after"}


def test_a_receipt_survives_its_row():
    assert FaultRecord.from_json(json.loads(json.dumps(RECEIPT.to_json()))) == RECEIPT


def test_each_fault_has_one_row_in_its_newest_state(tmp_path: Path):
    ledger = FaultLedger(tmp_path / "run" / "faults.jsonl")
    ledger.write(RECEIPT.replace(ended_at=None))
    ledger.write(RECEIPT.replace(id="cd34"))
    ledger.write(RECEIPT)
    rows = [json.loads(line) for line in (tmp_path / "run" / "faults.jsonl").read_text().splitlines()]
    assert [(row["id"], row["ended_at"]) for row in rows] == [("ab12", 7.01), ("cd34", 7.01)]
    assert tuple(rows) == tuple(record.to_json() for record in ledger.records())


def test_a_later_process_keeps_the_rows_of_an_earlier_one(tmp_path: Path):
    FaultLedger(tmp_path / "faults.jsonl").write(RECEIPT)
    later = FaultLedger(tmp_path / "faults.jsonl")
    later.write(RECEIPT.replace(id="cd34"))
    assert [record.id for record in FaultLedger(tmp_path / "faults.jsonl").records()] == ["ab12", "cd34"]


def test_a_reader_never_meets_a_half_written_file_while_two_threads_write(tmp_path: Path):
    path = tmp_path / "faults.jsonl"
    ledger = FaultLedger(path)
    ledger.write(RECEIPT)

    def write(prefix: str) -> None:
        for number in range(60):
            ledger.write(RECEIPT.replace(id=f"{prefix}{number}"))

    writers = [threading.Thread(target=write, args=(prefix,)) for prefix in "ab"]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        lines = path.read_text().splitlines()
        assert json.loads(lines[0])["id"] == "ab12" and all(json.loads(line) for line in lines)
    assert len(path.read_text().splitlines()) == 121
    assert [one.name for one in tmp_path.iterdir()] == ["faults.jsonl"]


def test_a_number_that_json_does_not_know_is_refused_and_the_file_stays(tmp_path: Path):
    ledger = FaultLedger(tmp_path / "faults.jsonl")
    ledger.write(RECEIPT)
    with pytest.raises(ValueError, match="JSON"):
        ledger.write(RECEIPT.replace(id="cd34", ended_at=float("nan")))
    assert len((tmp_path / "faults.jsonl").read_text().splitlines()) == 1


def test_who_listens_hears_each_row_once_it_is_saved(tmp_path):
    heard = []
    ledger = FaultLedger(tmp_path / "faults.jsonl", listener=lambda row: heard.append(dict(row)))
    ledger.write(RECEIPT.replace(applied_at=None))
    ledger.write(RECEIPT)
    assert heard == [RECEIPT.replace(applied_at=None).to_json(), RECEIPT.to_json()]


def test_a_listener_whose_disk_is_full_is_a_fault_error(tmp_path):
    def full(row):
        raise ChaosproofError("no space left")

    store = ReceiptStore(FaultLedger(tmp_path / "faults.jsonl", listener=full))
    with pytest.raises(FaultError, match="no space left"):
        store.keep(RECEIPT)
    assert [record.id for record in store.all()] == ["ab12"]


def test_a_row_of_before_tells_what_its_kind_had_to_show_and_an_unknown_kind_nothing():
    """Only rows of before expectations were written, and of kinds of that time, are judged without any."""
    old = {"id": "a", "kind": "drop", "selector": {"protocol": "tcp", "port": 80}}
    expected = Expectation(proof="packets", canary=CanaryExpectation(during=("timeout",)))
    assert FaultRecord.from_json(old).expects == expected
    assert FaultRecord.from_json({**old, "kind": "stall"}).expects is None
    assert FaultRecord.from_json({**old, "schema_version": 2}).expects is None
    assert FaultRecord.from_json({**old, "expects": {"proof": "told"}}).expects is None
