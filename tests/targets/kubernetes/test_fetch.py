"""The files of a job arrive as they grow: sent by the lines that run in a pod, received by the code that receives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chaosproof.errors import TargetError
from chaosproof.targets.kubernetes.jobs.cluster_jobs import translate
from chaosproof.targets.kubernetes.jobs.fetch import Folder
from chaosproof.targets.kubernetes.jobs.pod_scripts import SEND, WRAP


def _wrapped(room: Path, script: str) -> None:
    subprocess.run(["sh", "-c", WRAP, "job", str(room), "sh", "-c", script], check=True, timeout=20)


def _sent(room: Path, known: dict) -> bytes:
    argv = [sys.executable, "-I", "-S", "-c", SEND, str(room), json.dumps(known)]
    return subprocess.run(argv, capture_output=True, check=True, timeout=20).stdout


def test_what_a_job_wrote_arrives_whole_with_its_exit_code_and_its_last_words(tmp_path):
    room = tmp_path / "room"
    _wrapped(
        room,
        "mkdir sub; printf 'a\\nb\\n' >rows; head -c 300000 /dev/urandom >sub/big; echo sorry >&2; exit 3",
    )
    folder = Folder(tmp_path / "here")
    data = _sent(room, {})
    for start in range(0, len(data), 1000):
        folder.feed(data[start : start + 1000])
    folder.check()
    assert folder.ending is not None
    assert (folder.ending["end"], folder.ending["said"]) == (3, "sorry\n")
    assert (tmp_path / "here/rows").read_bytes() == b"a\nb\n"
    assert (tmp_path / "here/sub/big").read_bytes() == (room / "sub/big").read_bytes()


def test_a_connection_that_broke_goes_on_where_it_was(tmp_path):
    room = tmp_path / "room"
    _wrapped(room, "head -c 600000 /dev/urandom >big")
    folder = Folder(tmp_path / "here")
    folder.feed(_sent(room, {})[:400_000])
    assert folder.ending is None
    folder.begin_again()
    rest = _sent(room, folder.known())
    assert len(rest) < 500_000, "what had arrived was sent again"
    folder.feed(rest)
    folder.check()


def test_a_file_that_was_replaced_begins_anew(tmp_path):
    room = tmp_path / "room"
    _wrapped(room, "echo a long first version >file")
    folder = Folder(tmp_path / "here")
    folder.feed(_sent(room, {}))
    (room / "new").write_text("short")
    (room / "new").replace(room / "file")
    folder.ending = None
    folder.begin_again()
    folder.feed(_sent(room, folder.known()))
    folder.check()
    assert (tmp_path / "here/file").read_text() == "short"


def test_a_file_that_did_not_arrive_whole_is_named(tmp_path):
    room = tmp_path / "room"
    _wrapped(room, "echo row >rows")
    folder = Folder(tmp_path / "here")
    folder.feed(_sent(room, {}))
    (tmp_path / "here/rows").write_text("other")
    with pytest.raises(TargetError, match="rows did not arrive whole"):
        folder.check()


def test_a_file_outside_of_the_folder_is_refused(tmp_path):
    folder = Folder(tmp_path / "here")
    with pytest.raises(TargetError, match="outside of its folder"):
        folder.feed(b'{"file": "../evil", "at": 0, "bytes": 1, "inode": 1}\nx')


def test_sigterm_goes_on_to_the_program_which_ends_in_its_own_way(tmp_path):
    room = tmp_path / "room"
    script = "trap 'echo told >said; exit 7' TERM; echo up >up; while :; do sleep 0.05; done"
    job = subprocess.Popen(["sh", "-c", WRAP, "job", str(room), "sh", "-c", script])
    try:
        while not (room / "up").exists():
            assert job.poll() is None
        job.terminate()
        job.wait(timeout=20)
    finally:
        job.kill()
    assert (room / ".exit").read_text() == "7\n"
    assert (room / "said").read_text() == "told\n"


def test_a_command_reads_in_a_pod_as_it_reads_here(tmp_path):
    (tmp_path / "plan.json").write_text("{}")
    words, inputs = translate(
        [
            "python",
            "--plan",
            str(tmp_path / "plan.json"),
            "--out",
            str(tmp_path),
            "--log",
            str(tmp_path / "x/log"),
        ],
        tmp_path,
        "/tmp/job",
        "/plan",
    )
    assert words == ["python", "--plan", "/plan/plan.json", "--out", "/tmp/job", "--log", "/tmp/job/x/log"]
    assert inputs == {"plan.json": tmp_path / "plan.json"}
