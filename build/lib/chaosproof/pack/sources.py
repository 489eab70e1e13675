"""Where the runs of a pack come from: one state of the code, and folders that nobody touched since they were judged."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from chaosproof.experiment.experiment import read_experiment
from chaosproof.json_access import text
from chaosproof.judge.check import passed, unknown
from chaosproof.judge.findings import Findings
from chaosproof.pack.judged import RUNS, JudgedRun
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.manifest import MANIFEST, hash_differences, parse_manifest

__all__ = ["information", "one_commit", "runs_unchanged"]


def one_commit(runs: Sequence[JudgedRun]) -> Check:
    """All runs are of one state of the code; outside of git, where it has no name, of one version."""
    id = "SYS_ONE_COMMIT"
    findings = Findings(id, _first(runs, "session.json#commit"))
    for what, values in (
        ("commit", {_commit(run): run for run in runs}),
        ("version", {_version(run): run for run in runs}),
    ):
        if len(values) > 1:
            of = ", ".join(f"{value or 'none'} ({run.name} {run.stamp})" for value, run in values.items())
            findings.wrong.append(f"the runs are of more than one {what}: {of}")
    if not runs:
        findings.unclear.append("there is no run in the pack: put the runs that it is about into it")
    commit = _commit(runs[0]) if runs else ""
    return findings.check(f"all {len(runs)} runs are of {f'commit {commit}' if commit else 'one version'}")


def runs_unchanged(
    runs: Sequence[JudgedRun], hashes: Mapping[str, str], manifests: Mapping[str, str]
) -> Check:
    """Every run lies where it belongs, and every file of it is as it was when it was judged."""
    findings = Findings("SYS_RUNS_UNCHANGED", _first(runs, MANIFEST))
    if not runs:
        findings.unclear.append("there is no run in the pack: put the runs that it is about into it")
    for run in runs:
        findings.wrong.extend(_misplaced(run))
        if run.place not in manifests:
            findings.unclear.append(f"{run.place} was never judged: it has no {MANIFEST}")
            continue
        try:
            stated = parse_manifest(manifests[run.place])
        except ValueError as error:
            findings.wrong.append(f"{run.place}/{MANIFEST}: {error}")
            continue
        start = f"{run.place}/"
        now = {name.removeprefix(start): digest for name, digest in hashes.items() if name.startswith(start)}
        now.pop(MANIFEST, None)
        findings.wrong.extend(
            f"{run.place}/{name} is {what if what == 'gone' else f'{what} since the run was judged'}"
            for name, what in hash_differences(stated, now)
        )
    return findings.check(f"every file of {len(runs)} runs is as it was when the run was judged")


def information(runs: Sequence[JudgedRun]) -> list[Check]:
    """What a reader wants to know and nothing depends on."""
    rows = [
        _info("INFO_COMMIT", runs, "commit", _commit_in_words),
        _info("INFO_MACHINE", runs, "kernel", _machine),
    ]
    stored = [run for run in runs if not run.as_stored]
    where = _first(stored or runs, "checks.tsv")
    if stored:
        names = ", ".join(run.place.removeprefix(f"{RUNS}/") for run in stored)
        rows.append(unknown("INFO_JUDGED_AGAIN", f"judged again, the checks read otherwise: {names}", where))
    else:
        rows.append(passed("INFO_JUDGED_AGAIN", "judged again, all checks of the runs read the same", where))
    return rows


def _misplaced(run: JudgedRun) -> Iterator[str]:
    """In words, where the run is another than its place in the pack says; a session that says nothing is no lie."""
    for what, place, stated in (
        ("experiment", run.experiment, run.run.session.experiment),
        ("experiment", run.experiment, read_experiment(run.run.experiment).name or None),
        ("mode", run.mode, run.run.session.mode),
    ):
        if stated is not None and stated != place:
            yield f"{run.place} is a run of the {what} {stated}"


def _info(id: str, runs: Sequence[JudgedRun], key: str, tell: Callable[[JudgedRun], str]) -> Check:
    stated = list(dict.fromkeys(tell(run) for run in runs))
    where = _first(runs, f"session.json#{key}")
    if not stated or "" in stated:
        return unknown(id, f"not every run says its {key}", where)
    return passed(id, "; ".join(stated), where)


def _commit(run: JudgedRun) -> str:
    return run.run.session.commit or ""


def _version(run: JudgedRun) -> str:
    return text(run.run.session.versions.get("chaosproof"))


def _commit_in_words(run: JudgedRun) -> str:
    commit, dirty = _commit(run), run.run.session.dirty
    if not commit:
        return "outside of git"
    return f"{commit} {'with changes that no commit has' if dirty else 'as committed'}"


def _machine(run: JudgedRun) -> str:
    hostname, kernel = run.run.session.hostname, run.run.session.kernel
    return f"{hostname or 'an unnamed machine'}, kernel {kernel}" if kernel else ""


def _first(runs: Sequence[JudgedRun], place: str) -> str:
    return f"{runs[0].place}/{place}" if runs else RUNS
