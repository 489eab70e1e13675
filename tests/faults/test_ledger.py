"""The ledger is whole at any moment, whoever writes it."""

import json
import threading
from pathlib import Path

import pytest

from chaosproof.errors import ChaosproofError
from chaosproof.faults.errors import FaultError
from chaosproof.faults.model import Fault
from chaosproof.faults.receipts.ledger import FaultLedger
from chaosproof.faults.receipts.receipt import Canary, Receipt

RECEIPT = Receipt(
    id="ab12",
    fault=Fault(kind="loss", port=53, protocol="udp", direction="ingress", loss_percent=20.0, duration_s=5),
    instance="app-0",
    backend="nft",
    fidelity="kernel expiry",
    planned_at=1.0,
    applied_at=2.0,
    expires_at=7.0,
    ended_at=7.01,
    ended_by="kernel",
    packets=9,
    canary=Canary("open", "refused", "open"),
    apply_ms=6.5,
)


def test_a_row_has_the_fields_that_the_run_folder_promises():
    promised = {"id", "kind", "instance", "backend", "fidelity", "selector", "direction", "planned_s"}
    promised |= {"planned_at", "applied_at", "expires_at", "ended_at", "ended_by", "packets", "canary"}
    promised |= {"healed", "error"}
    row = RECEIPT.to_row()
    assert promised <= set(row)
    assert set(row["selector"]) == {"protocol", "port", "port_side", "peer"}
    assert set(row["canary"]) == {"before", "during", "after"}


def test_a_receipt_survives_its_row():
    assert Receipt.from_row(json.loads(json.dumps(RECEIPT.to_row()))) == RECEIPT


def test_each_fault_has_one_row_in_its_newest_state(tmp_path: Path):
    ledger = FaultLedger(tmp_path / "run" / "faults.jsonl")
    ledger.write(RECEIPT.but(ended_at=None).to_row())
    ledger.write(RECEIPT.but(id="cd34").to_row())
    ledger.write(RECEIPT.to_row())
    rows = [json.loads(line) for line in (tmp_path / "run" / "faults.jsonl").read_text().splitlines()]
    assert [(row["id"], row["ended_at"]) for row in rows] == [("ab12", 7.01), ("cd34", 7.01)]
    assert tuple(rows) == ledger.rows()


def test_a_later_process_keeps_the_rows_of_an_earlier_one(tmp_path: Path):
    FaultLedger(tmp_path / "faults.jsonl").write(RECEIPT.to_row())
    later = FaultLedger(tmp_path / "faults.jsonl")
    later.write(RECEIPT.but(id="cd34").to_row())
    assert [row["id"] for row in FaultLedger(tmp_path / "faults.jsonl").rows()] == ["ab12", "cd34"]


def test_a_reader_never_meets_a_half_written_file_while_two_threads_write(tmp_path: Path):
    path = tmp_path / "faults.jsonl"
    ledger = FaultLedger(path)
    ledger.write(RECEIPT.to_row())

    def write(prefix: str) -> None:
        for number in range(60):
            ledger.write(RECEIPT.but(id=f"{prefix}{number}").to_row())

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
    ledger.write(RECEIPT.to_row())
    with pytest.raises(ValueError, match="JSON"):
        ledger.write(RECEIPT.but(id="cd34", ended_at=float("nan")).to_row())
    assert len((tmp_path / "faults.jsonl").read_text().splitlines()) == 1


def test_who_listens_hears_each_row_once_it_is_saved(tmp_path):
    heard = []
    ledger = FaultLedger(tmp_path / "faults.jsonl", listener=lambda row: heard.append(dict(row)))
    ledger.write({"id": "a", "kind": "reset"})
    ledger.write({"id": "a", "kind": "reset", "applied_at": 1.0})
    assert heard == [{"id": "a", "kind": "reset"}, {"id": "a", "kind": "reset", "applied_at": 1.0}]


def test_a_listener_whose_disk_is_full_is_a_fault_error(tmp_path):
    def full(row):
        raise ChaosproofError("no space left")

    ledger = FaultLedger(tmp_path / "faults.jsonl", listener=full)
    with pytest.raises(FaultError, match="no space left"):
        ledger.write({"id": "a"})
    assert [row["id"] for row in ledger.rows()] == ["a"]
