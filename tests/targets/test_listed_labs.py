"""Nobody ends the lab of somebody else by accident: what names no lab means those of its own checkout."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaosproof.cli.halt import labs_to_end
from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.local.control_client import find_labs, take_down
from chaosproof.targets.local.listed_labs import ListedLab, checkout_of, free_lab, listed_labs
from tests.support.small_lab import running_lab, system_file

MINE = ListedLab("mine", "/here")
RUNS = ListedLab("runs", "/here", "the run in /here/journals/s/resilient/1", 7)
OTHERS = ListedLab("others", "/there")
SILENT = ListedLab("silent", None)
SLEEPER = "services: {sleeper: {command: [sleep, '600']}}\n"


def test_the_checkout_of_a_folder_is_the_nearest_with_a_git_else_itself(tmp_path: Path) -> None:
    """A worktree has a file of that name."""
    deep = tmp_path / "repository" / "a" / "b"
    deep.mkdir(parents=True)
    assert checkout_of(deep) == str(deep)
    (tmp_path / "repository" / ".git").write_text("gitdir: elsewhere\n")
    assert checkout_of(deep) == str(tmp_path / "repository")


def test_a_command_without_a_name_means_the_one_lab_of_its_checkout_that_is_nobody_elses() -> None:
    assert free_lab([MINE, RUNS, OTHERS, SILENT], "/here", named_by="--lab NAME") == "mine"


def test_a_lab_of_the_program_that_asks_is_its_own() -> None:
    own = ListedLab("own", "/here", "the program pytest", os.getpid())
    assert free_lab([own, OTHERS], "/here", named_by="--lab NAME") == "own"


def test_where_none_is_meant_the_others_are_named_with_whose_they_are() -> None:
    with pytest.raises(TargetError) as refused:
        free_lab([RUNS, OTHERS, SILENT], "/here", named_by="its name")
    assert str(refused.value) == (
        "No lab of /here is up; start one: chaosproof lab up SYSTEM_FILE. Only by its name is meant: "
        "runs, of the run in /here/journals/s/resilient/1, from /here; others, from /there; "
        "silent, from a folder that it does not say."
    )


def test_of_two_labs_of_the_checkout_none_is_meant() -> None:
    with pytest.raises(TargetError, match=r"More than one lab of /here is up \(mine, second\); name one"):
        free_lab([MINE, ListedLab("second", "/here")], "/here", named_by="--lab NAME")


@pytest.mark.parametrize(
    ("names", "everywhere", "ended"),
    [
        ((), False, ["mine", "runs"]),
        ((), True, ["mine", "runs", "others", "silent"]),
        (("others",), False, ["others"]),
        (("silent", "mine"), False, ["mine", "silent"]),
    ],
)
def test_halt_means_the_labs_of_the_checkout_or_those_named(
    names: tuple[str, ...], everywhere: bool, ended: list[str]
) -> None:
    chosen = labs_to_end([MINE, RUNS, OTHERS, SILENT], "/here", names, everywhere=everywhere)
    assert [lab.name for lab in chosen] == ended


def test_halt_refuses_a_name_that_no_lab_has_and_ends_none() -> None:
    with pytest.raises(UsageError, match=r"No lab named mien is up \(labs that are: mine\)"):
        labs_to_end([MINE], "/here", ("mien", "mine"))


# --- with real labs -------------------------------------------------------------------------------------


def _chaosproof(
    cwd: Path, *arguments: str, stdin: int = subprocess.DEVNULL
) -> "subprocess.CompletedProcess[str]":
    command = Path(sys.executable).with_name("chaosproof")
    return subprocess.run(
        [str(command), *arguments],
        cwd=cwd, stdin=stdin, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@contextmanager
def _lab_of(folder: Path, name: str) -> Iterator[str]:
    """A lab of `lab up`, as a person starts it in `folder`."""
    up = _chaosproof(folder, "lab", "up", str(system_file(folder, SLEEPER)), "--name", name)
    assert up.returncode == 0, up.stderr
    try:
        yield name
    finally:
        take_down(name)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Path, str, Path, str]]:
    """Two checkouts, and the name of the lab that was started in each."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / ".git").mkdir(parents=True)
        (folder / "below").mkdir()
    with (
        _lab_of(one, f"one-{os.getpid()}") as first,
        _lab_of(other, f"other-{os.getpid()}") as second,
    ):
        yield one, first, other, second


@pytest.mark.lab
def test_a_lab_is_taken_down_without_its_name_in_its_own_checkout_only(two, tmp_path: Path) -> None:
    one, first, other, second = two
    elsewhere = _chaosproof(tmp_path, "lab", "down")
    assert elsewhere.returncode == 2
    assert f"{first}, from {one}" in elsewhere.stderr and f"{second}, from {other}" in elsewhere.stderr
    assert {first, second} <= set(find_labs())
    shown = _chaosproof(tmp_path, "lab", "status").stdout
    assert f"Lab {first} (pid " in shown and f"), from {one}\n" in shown
    down = _chaosproof(one / "below", "lab", "down")
    assert (down.returncode, down.stdout) == (0, f"Lab {first} is down.\n"), down.stderr
    assert first not in find_labs() and second in find_labs()


@pytest.mark.lab
def test_a_fault_without_the_name_of_a_lab_is_put_on_none_of_another_checkout(two, tmp_path: Path) -> None:
    one, first, _, second = two
    fault = ["inject", "drop", "--instance", "sleeper-0", "--port", "9", "--duration", "300ms", "--allow-all"]
    elsewhere = _chaosproof(tmp_path, *fault)
    assert elsewhere.returncode == 2
    assert "Only by --lab NAME is meant: " in elsewhere.stderr and f"{first}, from {one}" in elsewhere.stderr
    here = _chaosproof(one, *fault)
    # it met no packet, which is another answer than that there is no lab
    assert here.returncode == 1 and "is on sleeper-0" in here.stdout, here.stderr
    assert {first, second} <= set(find_labs())


@pytest.mark.lab
def test_halt_without_a_terminal_ends_nothing_until_it_is_told_to(two) -> None:
    one, first, other, second = two
    refused = _chaosproof(one, "halt")
    assert refused.returncode == 64
    assert f"say --yes, or name what is to end:\n  {first}, from {one}\n" in refused.stderr
    assert second not in refused.stderr
    assert {first, second} <= set(find_labs())
    halted = _chaosproof(one, "halt", "--yes")
    assert halted.returncode == 0
    assert f"Lab {first} is down.\nLeft alone (--everywhere, or a name, ends them too):\n" in halted.stdout
    assert f"  {second}, from {other}\n" in halted.stdout
    assert first not in find_labs() and second in find_labs()
    by_name = _chaosproof(one, "halt", second)
    assert (by_name.returncode, by_name.stdout) == (0, f"Lab {second} is down.\n")


@pytest.mark.lab
@pytest.mark.parametrize(("answer", "exit_code"), [("n", 2), ("y", 0)])
def test_halt_asks_on_a_terminal(tmp_path: Path, answer: str, exit_code: int) -> None:
    with _lab_of(tmp_path, f"asks-{os.getpid()}") as name:
        keyboard, terminal = pty.openpty()
        try:
            os.write(keyboard, f"{answer}\n".encode())
            done = _chaosproof(tmp_path, "halt", stdin=terminal)
        finally:
            os.close(terminal)
            os.close(keyboard)
        assert done.returncode == exit_code, done.stderr
        assert (
            f"This ends, with every fault and load in it:\n  {name}, from {tmp_path}\nEnd it?" in done.stdout
        )
        assert (name in find_labs()) == (answer == "n")


@pytest.mark.lab
def test_a_lab_of_a_run_is_ended_by_its_name_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    events = tmp_path / "journals" / "readiness.ndjson"
    events.parent.mkdir()
    with running_lab(tmp_path / "system", SLEEPER, events_file=events) as lab:
        (own,) = [each for each in listed_labs() if each.name == lab.name]
        assert own.origin == f"of the run in {events.parent}, from {tmp_path}"
        unnamed = _chaosproof(tmp_path, "lab", "down")
        assert unnamed.returncode == 2 and f"{lab.name}, {own.origin}" in unnamed.stderr
        assert lab.is_up()
        down = _chaosproof(tmp_path, "lab", "down", lab.name)
        assert down.stdout == f"Lab {lab.name} is down. It was {own.origin}.\n"
        assert not lab.is_up()
        assert '"instance": "lab", "event": "down", "detail": "chaosproof lab down"' in events.read_text()
