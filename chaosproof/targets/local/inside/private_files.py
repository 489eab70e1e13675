"""Files that a supervisor alone sees, and what it starts: in its own mount namespace, so that they end with it."""

import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

from chaosproof.errors import TargetError

__all__ = ["LAB_DIR", "make_private_run", "replace_file", "run_command"]

LAB_DIR = Path("/run/chaosproof")


def make_private_run(folders: Iterable[str] = ()) -> None:
    """A private /run, so that names in it (namespaces, xtables' lock, logs) are this lab's alone."""
    run_command(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"])
    for folder in ("/run/netns", "/run/lock", f"{LAB_DIR}/logs", f"{LAB_DIR}/jobs", *folders):
        Path(folder).mkdir(parents=True)


def replace_file(path: str, content: str) -> None:
    """Let the lab see `content` at `path`; the host's file is not touched."""
    real = Path(path).resolve()
    if real.is_relative_to("/run"):
        # A link into /run, which is the lab's own and empty.
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_text(content, encoding="utf-8")
    elif real.exists():
        private = LAB_DIR / real.name
        private.write_text(content, encoding="utf-8")
        run_command(["mount", "--bind", str(private), str(real)])


def run_command(argv: list[str], stdin: str = "", *, pass_fds: Collection[int] = ()) -> None:
    """Run it to its end; `TargetError` with what it printed when that is not 0."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, pass_fds=pass_fds)
    if done.returncode != 0:
        printed = (done.stderr or done.stdout).strip()
        raise TargetError(f"{' '.join(argv)} ended with exit code {done.returncode}: {printed}")
