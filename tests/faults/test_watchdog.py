"""The watchdog's word for what became of a fault, with programs that stand for nft, tc and iptables-restore."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults.kill_room import processes
from chaosproof.faults.backends.watchdog import READ_ORDER, Step, watchdog_argv


@pytest.fixture
def marks(tmp_path: Path) -> Iterator[Path]:
    """Where the fault is `up`, and taken `back`; no watchdog outlives it."""
    yield tmp_path
    for file in tmp_path.glob("pid*"):
        assert_gone(int(file.read_text()))


def assert_gone(pid: int) -> None:
    give_up_at = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < give_up_at, f"{pid} is still there"
        time.sleep(0.005)


def start(marks: Path, *up: Step, duration_s: float = 0.05, check: str = "") -> subprocess.Popen[str]:
    argv = watchdog_argv("ab12", duration_s, up, [f"echo back >>{marks}/said"], check=check)
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def program(marks: Path, then: str = "cat", name: str = "") -> str:
    """One that says who it is as soon as it waits."""
    return f"sh -c 'echo $$ >{marks}/new{name}; mv {marks}/new{name} {marks}/pid{name}; exec {then}'"


def waiting(marks: Path, name: str = "") -> int:
    give_up_at = time.monotonic() + 5
    while not (file := marks / f"pid{name}").exists():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)
    return int(file.read_text())


def answer(shell: subprocess.Popen[str], told: str = "go\n") -> tuple[str, int]:
    out, _ = shell.communicate(told, timeout=10)
    return out, shell.returncode


def said(marks: Path) -> list[str]:
    """What was taken back, once all that the watchdog holds is free again."""
    subprocess.run(["flock", "/proc/self/ns/net", "true"], check=True)
    file = marks / "said"
    return file.read_text().split() if file.exists() else []


def wait_for(marks: Path, words: list[str]) -> None:
    give_up_at = time.monotonic() + 5
    while said(marks) != words:
        assert time.monotonic() < give_up_at, said(marks)
        time.sleep(0.005)


def test_each_program_has_its_input_after_the_one_before_it_is_done_and_all_is_taken_back(marks: Path):
    first = Step(program(marks, name="1"), "echo one", done="* one*", learn="heard=$said")
    second = Step(program(marks, name="2"), f"echo $heard two | tee -a {marks}/said", done="* one two*")
    shell = start(marks, first, second)
    waiting(marks, "1"), waiting(marks, "2")  # before anybody tells it to begin
    assert said(marks) == []
    assert answer(shell) == ("on\n", 0)
    wait_for(marks, ["one", "two", "back"])


def test_a_watchdog_that_nobody_tells_to_begin_does_nothing(marks: Path):
    shell = start(marks, Step(program(marks), f"echo up >>{marks}/said; echo up", done="* up*"))
    assert answer(shell, "") == ("failed nobody told it to begin\n", 0)
    assert_gone(waiting(marks))
    assert said(marks) == []


@pytest.mark.parametrize("position", [0, 1])
def test_where_another_fault_is_in_the_way_nothing_is_touched(marks: Path, position: int):
    good = Step("cat", "echo fine", done="*fine*")
    taken = Step("cat", "echo class exists", done="*listed*", taken="*exists*")
    shell = start(marks, *[taken, good] if position == 0 else [taken])
    assert answer(shell) == ("failed class exists\n", 0)
    assert said(marks) == []


def test_what_is_done_ahead_is_done_before_anybody_tells_it_to_begin(marks: Path):
    queue = Step("cat", f"echo queue | tee -a {marks}/said", done="* queue*", ahead=True)
    element = Step("cat", f"{READ_ORDER} | tee -a {marks}/said", done="* one two*")
    shell = start(marks, queue, element)
    wait_for(marks, ["queue"])  # by when nobody is kept from taking turns
    assert answer(shell, "go\none two\\n\n") == ("on\n", 0)
    wait_for(marks, ["queue", "one", "two", "back"])


@pytest.mark.parametrize("told", ["", "stop\n"])
def test_what_was_done_ahead_for_nothing_is_taken_back(marks: Path, told: str):
    queue = Step("cat", f"echo queue | tee -a {marks}/said", done="* queue*", ahead=True)
    # content with no input at all, as nft is
    element = Step("cat && echo done", READ_ORDER, done="* done")
    shell = start(marks, queue, element)
    wait_for(marks, ["queue"])
    assert answer(shell, told) == ("failed nobody told it to begin\n", 0)
    wait_for(marks, ["queue", "back"])


def test_a_program_that_is_content_with_no_input_does_not_pass_for_one_that_did_its_work(marks: Path):
    content = Step("cat && echo done", "echo x", done="* done")
    taken = Step("cat", "echo class exists", done="*listed*", taken="*exists*")
    bad = Step("cat", "echo no such kind", done="*listed*")
    assert answer(start(marks, taken, content)) == ("failed class exists\n", 0)
    assert said(marks) == []
    assert answer(start(marks, bad, content)) == ("failed no such kind\n", 0)
    wait_for(marks, ["back"])


def test_one_that_was_killed_before_a_program_that_is_content_with_no_input_is_silence(marks: Path):
    victim = Step(program(marks), "echo fine", done="*fine*")
    shell = start(marks, victim, Step("cat && echo done", "echo x", done="* done"))
    os.kill(waiting(marks), signal.SIGKILL)
    assert answer(shell) == ("", 128 + 9)
    wait_for(marks, ["back"])


def test_a_check_that_fails_touches_nothing(marks: Path):
    step = Step("cat", f"echo up >>{marks}/said; echo up", done="* up*")
    assert answer(start(marks, step, check="echo root is taken; false")) == ("failed root is taken\n", 0)
    assert said(marks) == []


@pytest.mark.parametrize("position", [0, 1])
def test_what_a_program_says_when_it_fails_is_passed_on_and_all_is_taken_back(marks: Path, position: int):
    good = Step("cat", "echo fine", done="*fine*")
    bad = Step("{ cat >/dev/null; echo no such kind; false; } && echo done", "echo x", done="* done")
    shell = start(marks, *[bad, good] if position == 0 else [good, bad])
    assert answer(shell) == ("failed no such kind\n", 0)
    wait_for(marks, ["back"])


@pytest.mark.parametrize("position", [0, 1])
def test_one_that_was_killed_while_it_waited_is_no_failure_but_silence(marks: Path, position: int):
    """By which whoever asked knows that nothing is on, and may ask again."""
    good = Step("cat", "echo fine", done="*fine*")
    victim = Step(program(marks), "echo fine", done="*fine*")
    shell = start(marks, *[victim, good] if position == 0 else [good, victim])
    os.kill(waiting(marks), signal.SIGKILL)
    assert answer(shell) == ("", 128 + 9)
    wait_for(marks, ["back"])


def test_who_kills_the_sleep_alone_has_not_moved_the_deadline(marks: Path):
    shell = start(marks, Step("cat", "echo up", done="* up*"), duration_s=2.0)
    began = time.monotonic()
    assert answer(shell) == ("on\n", 0)
    session = next(one.session for one in processes() if any(str(marks) in word for word in one.argv))
    killed = 0
    while not killed and time.monotonic() - began < 1.5:
        sleeps = [one for one in processes() if one.session == session and one.argv[0] == "sleep"]
        killed = sum(one.kill() for one in sleeps)
    assert killed
    wait_for(marks, ["back"])
    assert time.monotonic() - began >= 2.0
