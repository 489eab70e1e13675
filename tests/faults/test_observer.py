"""What the observer saw of an end, and between which instants it was, by the shell that runs in an instance."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from chaosproof.faults.observer import watch
from chaosproof.targets.base import CommandResult


def here(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False)
    return CommandResult(tuple(argv), done.returncode, done.stdout, done.stderr, 0.0)


def listing(folder: Path, looks: int) -> str:
    """A listing that has the mark so many times; each look takes 0.2 s, as on a machine that is busy."""
    (folder / "looks").write_text("", encoding="utf-8")
    return f"echo >>{folder}/looks; sleep 0.2; [ $(wc -l <{folder}/looks) -gt {looks} ] || echo ab12 on"


def test_the_end_is_between_two_looks(tmp_path: Path) -> None:
    """An instant before the last look that saw it on, and the one of the first that did not."""
    began_at = time.time()
    seen = watch(here, listing(tmp_path, 3), "ab12", 0.0)
    assert began_at < seen.on_at < seen.at < time.time()
    assert seen.at - seen.on_at >= 0.4  # the last look that saw it, and the one that did not
    assert seen.looks == ("ab12 on", "ab12 on")


def test_a_fault_that_the_first_look_does_not_see_has_no_such_instant(tmp_path: Path) -> None:
    """When it ended is known no better than from when it went on."""
    assert watch(here, listing(tmp_path, 0), "ab12", 0.0).on_at == 0
