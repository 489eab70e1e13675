"""Many random experiments, each written, run and held against the oracle: `python -m tests.random_experiments.series`.

The same seed writes the same experiments; number n alone is `one(seed, n, ...)`.
"""

import argparse
import contextlib
import http.server
import os
import shutil
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.random_experiments.oracle import shortfalls
from tests.random_experiments.run import Ending, run_written
from tests.random_experiments.spoilings import SPOILINGS
from tests.random_experiments.vocabulary import Written, sensible
from tests.random_experiments.world import SYSTEM

__all__ = ["STATUSES", "Result", "false_greens", "one", "room", "series", "table"]

STATUSES = ("refused", "fail", "unknown", "no session", "pass")
SENSIBLE = "none: as it was written"
_SENSIBLE_EVERY = 7
_PATIENCE = 30
# slips in a claim come after what puts other claims in its place, which would take them back
_LAST = (
    "misspelt",
    "doubled",
    "contradicting: between",
    "contradicting: two bounds",
    "empty: a claim",
    "empty: modes",
)


@dataclass(frozen=True)
class Result:
    """One experiment: how it was spoilt, how it ended, and why it proves nothing (empty: it does).

    Of one without a session that runs dry, Chaos Toolkit calls nothing of ours: it is out of our `reach`.
    """

    number: int
    spoilings: tuple[str, ...]
    status: str
    exit_code: int
    shortfalls: tuple[str, ...]
    reasons: tuple[str, ...]
    reach: bool

    @property
    def green(self) -> bool:
        return self.status == "pass" or (self.exit_code == 0 and self.reach)


@dataclass(frozen=True)
class Room:
    """Where they run: a folder with a system file, and a page that answers."""

    folder: Path
    url: str


@contextlib.contextmanager
def room(folder: Path) -> Iterator[Room]:
    """A room in `folder`, which is the current one until the end of the `with`."""
    (folder / "system.yaml").write_text(SYSTEM)
    for mode in ("common", "baseline", "resilient"):
        (folder / f"values-{mode}.yaml").write_text("{}\n")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with contextlib.chdir(folder):
            yield Room(folder, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


def series(seed: int, numbers: Sequence[int], where: Room) -> list[Result]:
    results = []
    for number in numbers:
        try:
            results.append(one(seed, number, where)[0])
        except Exception as error:
            raise AssertionError(f"--seed {seed} --number {number}: {error!r}") from error
    return results


def one(seed: int, number: int, where: Room) -> tuple[Result, Written, Ending]:
    """Experiment `number` of the seed, from its text to its result."""
    written = _write(seed, number, where)
    folder = where.folder / str(number)
    folder.mkdir()
    written.content["configuration"]["journals"] = str(folder / "journals")
    file = folder / f"experiment{written.suffix}"
    file.write_text(written.text())
    ending = run_written(file, folder, written.nature, number, written.options)
    result = Result(
        number=number,
        spoilings=tuple(written.spoilings),
        status=ending.status,
        exit_code=ending.exit_code,
        shortfalls=tuple(dict.fromkeys(shortfalls(written, ending))),
        reasons=tuple(_reasons(ending)),
        reach=ending.verdict is not None or "--dry" not in written.options,
    )
    shutil.rmtree(folder)
    return result, written, ending


def false_greens(results: Sequence[Result]) -> list[Result]:
    """Those that prove nothing and are green all the same."""
    return [result for result in results if result.green and result.shortfalls]


def table(results: Sequence[Result]) -> str:
    """How often each kind of spoiling ended in which way; an experiment with two of them counts for both."""
    counts: Mapping[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        for spoiling in result.spoilings or (SENSIBLE,):
            counts[spoiling][result.status] += 1
    counts["all"].update(result.status for result in results)
    rows = [f"{'spoiling':52}" + "".join(f"{status:>11}" for status in STATUSES)]
    for name in (SENSIBLE, *SPOILINGS, "all"):
        rows.append(f"{name:52}" + "".join(f"{counts[name][status]:11}" for status in STATUSES))
    return "\n".join(rows)


def _write(seed: int, number: int, where: Room) -> Written:
    """Spoilings take turns, so that each of them comes up as often as any other."""
    names = list(SPOILINGS)
    for attempt in range(1000):
        random = Random(f"{seed}-{number}-{attempt}")
        written = sensible(random, "system.yaml", where.url)
        turn, place = divmod(number, len(names))
        if (place + turn) % _SENSIBLE_EVERY == 0:
            return written
        first, second = names[place], names[(5 * place + 31 * turn) % len(names)]
        # some go together in no experiment
        both = turn % 5 and attempt < _PATIENCE
        wanted = sorted(
            dict.fromkeys([first, second] if both else [first]), key=lambda name: name.startswith(_LAST)
        )
        written.spoilings.extend(name for name in wanted if _spoil(written, name, random))
        if len(written.spoilings) == len(wanted):
            return written
    raise AssertionError(f"seed {seed}, number {number}: {names[number % len(names)]!r} never applies")


def _spoil(written: Written, name: str, random: Random) -> bool:
    """Whether it could be done; one spoiling may have taken away what the next would spoil."""
    try:
        return SPOILINGS[name](written, random) is not False
    except (KeyError, IndexError, StopIteration, ValueError):
        return False


def _reasons(ending: Ending) -> Iterator[str]:
    if ending.verdict is None:
        yield from ending.logged[-1:]
    else:
        for check in ending.verdict.checks:
            if check.status != "pass":
                yield f"{check.status} {check.id}: {check.details}"


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"all is well"
        self.send_response(500 if "broken" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--number", type=int, help="this one alone, with all that is known of it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, room(Path(folder)) as where:
        began_s = os.times().user
        if options.number is not None:
            result, written, ending = one(options.seed, options.number, where)
            print(written.text(), written.nature, written.options, *ending.world.faults, result, sep="\n")
            print(*ending.logged, sep="\n")
            return
        results = series(options.seed, range(options.count), where)
        print(table(results))
        print(
            f"seed {options.seed}, {options.count} experiments, {os.times().user - began_s:.0f} s of processor"
        )
        for result in false_greens(results):
            print(
                f"GREEN, and proves nothing: number {result.number}, {result.spoilings}: {result.shortfalls}"
            )
        for result in results:
            if not result.shortfalls and not result.green:
                print(f"sound, and not green: {result.number}, {result.spoilings}: {result.reasons}"[:400])


if __name__ == "__main__":
    main()
