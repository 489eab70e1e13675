"""How long `./run setup` takes from nothing, before and after uv: two commits in turns, on this machine.

    python -m bench.setup                      three rounds
    python -m bench.setup --rounds 1 --with-uv uv is on PATH already, so none is fetched
    python -m bench.setup --before COMMIT      instead of the last one that installed by pip alone

Each time in a clean clone, without an environment and with empty caches; the system's packages are there already. The
first start is timed beside it, for pip compiles every module while it installs, and uv leaves that to who starts it.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
_ADDED = "setup/environment.sh"


def main() -> None:
    """Print a line per set-up, then the medians and their ratio."""
    arguments = _arguments()
    before = arguments.before or _git("log", "-1", "--format=%H", "--diff-filter=A", "--", _ADDED) + "^"
    commits = {"before": before, "after": "HEAD"}
    taken: dict[str, list[float]] = {name: [] for name in commits}
    started: dict[str, list[float]] = {name: [] for name in commits}
    with tempfile.TemporaryDirectory() as scratch:
        path = _path(Path(scratch), with_uv=arguments.with_uv)
        for number in range(1, arguments.rounds + 1):
            for name, commit in commits.items():
                setup_s, start_s = _time(Path(scratch) / "round", commit, path)
                print(f"{number} {name:<6} set-up {setup_s:5.1f} s, first start {start_s:4.1f} s", flush=True)
                taken[name].append(setup_s)
                started[name].append(start_s)
    _say("set-up", taken)
    both = {name: [a + b for a, b in zip(taken[name], started[name], strict=True)] for name in commits}
    _say("set-up and first start", both)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--with-uv", action="store_true", help="uv is on PATH")
    parser.add_argument("--before", metavar="COMMIT")
    return parser.parse_args()


def _time(folder: Path, commit: str, path: str) -> tuple[float, float]:
    """Seconds of the set-up, and of the first start after it."""
    tree = folder / "tree"
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(_REPOSITORY), str(tree)], check=True)
    subprocess.run(["git", "checkout", "--quiet", _git("rev-parse", commit)], cwd=tree, check=True)
    dropped = ("CHAOSPROOF_VENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "XDG_CACHE_HOME", "PIP_CACHE_DIR")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in dropped},
        "HOME": str(folder / "home"),
        "PATH": path,
    }
    try:
        setup_s = _seconds([str(tree / "run"), "setup"], environment)
        return setup_s, _seconds([str(tree / "run"), "chaosproof", "--help"], environment)
    finally:
        shutil.rmtree(folder)


def _seconds(argv: list[str], environment: Mapping[str, str]) -> float:
    began = time.monotonic()
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.monotonic() - began


def _path(scratch: Path, *, with_uv: bool) -> str:
    """The caller's PATH without a uv, or with one in front."""
    folders = [folder for folder in os.environ["PATH"].split(":") if not (Path(folder) / "uv").exists()]
    if with_uv:
        venv = scratch / "uv"
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "pip"), "install", "--quiet", "--require-hashes"]
        subprocess.run([*pip, "-r", str(_REPOSITORY / "setup" / "uv.lock")], check=True)
        (scratch / "bin").mkdir()
        (scratch / "bin" / "uv").symlink_to(venv / "bin" / "uv")
        folders.insert(0, str(scratch / "bin"))
    return ":".join(folders)


def _say(what: str, seconds: Mapping[str, list[float]]) -> None:
    before, after = (statistics.median(seconds[name]) for name in ("before", "after"))
    print(f"{what}: {before:.1f} s before, {after:.1f} s after (medians): {after / before:.2f} times")


def _git(*arguments: str) -> str:
    argv = ["git", *arguments]
    return subprocess.run(argv, cwd=_REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
