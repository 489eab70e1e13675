"""docs/reference/liars.md: every liar and its verdict, made by
`.venv/bin/python -m tests.tampering.table > docs/reference/liars.md`."""

from collections.abc import Iterable, Iterator

from tests.tampering.case import Case
from tests.tampering.cases import PACKS, PAIRS, RECORDED
from tests.tampering.cases.live import CASES, CRASHES, STAGES, WRITTEN, LiveCase

__all__ = ["page"]

_HEAD = """\
# The liars' suite

Ways to fake or spoil a run, and what the verdict says of each. They are the tests in `tests/tampering`; this page is
made of them (`python -m tests.tampering.table`), and a test fails when it is not what they are.

    ./run test tests/tampering              those that bend the files of a real pair of runs of S4, and two live ones
    ./run test --slow tests/tampering       those that are at work while a run is on, and the 20 true runs

The honest pair passes. A liar is careful: after the lie the log of events is chained anew and the manifest made anew,
so that the two seals fit, and only what the files say of each other can tell. Who is less careful is told by the seals
(`SYS_EVENTS`, `SYS_MANIFEST`) whatever he changed, down to one byte.

## What cannot be told

- Who rewrites every file of a run so that all of them agree, the instances' own counters among them, has made up a run.
  No folder can prove that it was not made up. A signature over the pack, by someone who saw the run, can.
- Progress, journal and counters know how many requests there were and how they ended, not when: a row whose `due_at` is
  moved by less than would leave the session, with nothing else changed, and both seals made anew, is not seen.
- A load too small to tell a share from passes: with `--var rate_rps=1` five requests are sent, none fails, and nothing
  asks how many a bound of 5 % needs. How many there were is on the report and in `summary.json`.
- A looser variable given on the command line (`--var tolerated_error_ratio=0.5`) is no lie in one run: it is in
  `session.json`, and the report shows it. A gate whose rules bind the claim (`bounds`) refuses it.
- Who probes an instance for its health sends packets to the same port. Rows of the load never name a backend: that
  another instance spoke with it under the load is asked, whether it did so for one of these requests is not. A service
  that polls another by itself, or that the experiment says is called (`met_by`), counts as met.
- Where answers do not say which instance gave them, a fault on any instance of the service that the load calls counts.
- A fault that somebody else puts on the same instances in the same minutes is named where it is on at one of the looks:
  as the run begins and ends, as each fault goes on and once it has ended. One that came and went between two looks is
  seen only where it ends one of ours too soon, and by what it does to the figures. So is what is no rule that drops,
  rejects or queues and no queue: another route, an address, an element that is put into a set of others' rules; and a
  signal to a process.
- A claim that holds of any run that came to its end (`load.requests` at least 1, `load.ok` at least 1), or that is of
  what an activity of one's own returned (`activities.NAME.status` of `echo`), says nothing of the system. Then the
  hypothesis alone is held, before the method and after it: read what a green run claims.
- An action of others is `unknown` until the experiment lists it under `no_fault`: who lists one that is a fault has
  said so. Or until it says what shows that it acted (`evidence`): a probe that is met without the fault shows it all
  the same where nobody looked before the action.
- A kill, a restart and an action of others need a load that goes on for a second behind them, through which the figures
  look at requests. What shows only later, such as a queue that fills for a minute, is not asked for: let the load go on
  for as long as that takes, and claim something of that time.
- A log of events from which who the run was is left out looks like one of a version that did not write it down.
- Percentiles of `load.json` are held against the rows up to 1,000,000 of them, and where it says which version wrote
  it.
- Where a pack was made is in no raw file: `meta/environment.json` and `meta/packages.txt` are held to their form, to
  each other and to `meta/pack.json`, and beyond that by their hashes alone.
- What another version of chaosproof wrote into a pack is held to its verdicts, statuses and counts; its sentences, the
  figures that it computed otherwise and the looks of its pages are notes, with both values where there are two.
- A misspelt control in an experiment that calls nothing of ours, or that runs dry: none of our code runs, and Chaos
  Toolkit exits 0. Nor
  is a key that is written twice seen in an experiment that Chaos Toolkit fetches from an address.
- A control that is not ours may raise, and Chaos Toolkit exits 0 all the same: the exit code of `chaos run` is the
  verdict only where `chaosproof.controls.session` came to its end. The folder is `unknown` then, and no gate passes it.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            _HEAD,
            "## The folder of a run\n",
            *_table(
                ("what is done", "seen by", "verdict"),
                map(_row, RECORDED),
            ),
            "",
            "## A pair of runs\n",
            *_table(
                ("what is done", "seen by", "verdict"),
                (
                    *map(_row, PAIRS),
                    ("baseline and resilient are swapped", "`compare` refuses", "exit code 64"),
                    ("they are swapped, each under the other's name", "`compare`", "no pass"),
                    ("seed, experiment, load or fault differ", "`compare` refuses", "exit code 64"),
                ),
            ),
            "",
            "## An evidence pack\n",
            "Each once as it is and once with every manifest and the attestation made anew.\n",
            *_table(
                ("what is done", "seen by", "verdict"),
                ((case.id, "`verify-pack`, `gate`", case.status) for case in PACKS),
            ),
            "",
            "## While a run is on\n",
            *_table(("what is done", "seen by", "verdict"), _live()),
            "",
        ]
    )


def _row(case: Case) -> tuple[str, str, str]:
    return case.id, f"`{case.check}`", case.status


def _live_row(id: str, case: LiveCase) -> tuple[str, str, str]:
    seen_by = f"`{case.check}`" if case.check else "the verdict"
    return id, seen_by, case.status or case.verdict or "no pass"


def _live() -> Iterator[tuple[str, str, str]]:
    yield from (_live_row(id, case) for id, case in CASES.items())
    yield (
        "the control is missing, or misspelt",
        "the first action of ours, which ends the experiment",
        "exit code 1",
    )
    yield (
        "the control is listed twice, or has a `scope`",
        "the session, before anything is started",
        "exit code 1",
    )
    yield "a probe measures NaN", "`SYS_STEADY_STATE_BEFORE`", "unknown"
    yield "Chaos Toolkit dies by an error of its own", "`SYS_SESSION_COMPLETE`", "unknown"
    yield (
        "a key of the experiment's file is written twice",
        "the session, before anything is started",
        "exit code 1",
    )
    yield "the control crashes", "`SYS_SESSION_COMPLETE`", "unknown"
    for name in CRASHES:
        yield f"the judge itself crashes at `{name}`", "the session's control", "exit code 1"
    for name in WRITTEN:
        yield f"the disk is full at `{name}`", "the session, or the check that needs it", "exit code 1"
    for stage in STAGES:
        yield f"SIGKILL at `{stage}`", "`SYS_SESSION_COMPLETE`", "unknown"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    print(page(), end="")
