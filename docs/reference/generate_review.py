"""The page of `chaosproof review`: codes from the rules, a table from the recorded journals in tests/review/kinds.

python docs/reference/generate_review.py > docs/reference/review.md
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chaosproof.review.review import review_file
from chaosproof.review.rules.registry import all_rules

__all__ = ["page"]

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = REPOSITORY / "tests" / "review" / "kinds"

HEAD = """\
# Review of any journal, and of any experiment

<!-- Written by docs/reference/generate_review.py from chaosproof/review/rules and tests/review/kinds: change those,
then run it again. -->

`chaos run` ends with 0 when its fault never happened. A review reads the journal that it wrote, and says whether the
file bears out its own good ending. It needs no system file, no lab and no load of Chaosproof, and nothing in the
experiment has to change.

    chaosproof review journal.json                         # one journal; exit code 0 pass, 1 fail, 2 unknown
    chaosproof review journals/ --html journals.html       # a folder: one page, with what changed from run to run
    chaosproof review experiment.yaml                      # before it runs: what a run of it could not show
    chaosproof review journal.json experiment.yaml --sarif review.sarif   # findings at the lines of the experiment

It reads JSON and YAML, journals of Chaos Toolkit 1.9 to 1.21, and folders of them. `--json` and `--junit FILE` are
for tools; `--agent` prints Chaos Toolkit's own `chaostoolkit/agent/run/v1` document with `outcome`, `conclusive` and
`warnings` put right.

## The verdict

- `fail`: at least one *error*. The file contradicts its own good ending.
- `unknown`: no error, and at least one *warning*. What was done and asked cannot show what the experiment is for.
- `pass`: nothing but *notes*. Nothing in the file speaks against it. It can be no more than that: who wants a fault
  that is proved to have hit, and a load that is counted, runs the experiment with `chaosproof.controls.session`
  ([verdict](verdict.md)). The findings join the checks of such a run: what no built-in check has said of it already is
  its row `SYS_REVIEW`.

### What proves the effect

A review finds what speaks against an experiment. Who knows what shows that an action acted, says it in the experiment,
as the entry of `extensions` whose name is chaosproof; the journal is held to it, and a proof that is not there is
`evidence-missing`:

    "extensions": [{"name": "chaosproof", "evidence": [
      {"activity": "kill a pod", "shows": "output is not empty"},
      {"activity": "drain the node", "shows": "output is within its tolerance"},
      {"activity": "cut the stock off", "shows": {"probe": "the stock is out of reach"}}
    ]}]

`output is not empty`: the action returned something, a command printed something, and it was no error's text; null,
false, 0, and lists and objects with nothing in them are nothing. `output is within its tolerance`: the action has a
`tolerance`, which the toolkit never holds against an action. `probe`: a probe of the method that began after the
action did was within its tolerance. If it stands before the action too, it must not have been within it there, which
is then no mistake; nor may what the hypothesis measured before the method be, where it asks the same; without such a
look, only the experiment knows that it was otherwise before. Of several activities with one name each has to show it.

What proves nothing is refused, before a run and after it: a tolerance that cannot be missed, a probe of the
hypothesis, one probe for several actions, a file that nobody asked for before the action, a command that always
prints, and evidence of an action of Chaosproof's own, which has its own record. Evidence of an action that `no_fault`
names is held to the journal, and proves no fault.

## In every run: one control

The exit code of `chaos run` follows the review, the findings go into the journal (`chaosproof_review`), and the
verdict is the last thing on the console. In the experiment:

    "controls": [{"name": "verdict", "provider": {"type": "python", "module": "chaosproof.controls.verdict"}}]

or, with nothing to change in it, `chaos run --control-file verdict.json experiment.json`, where verdict.json is

    {"verdict": {"provider": {"type": "python", "module": "chaosproof.controls.verdict"}}}

`fail` sets `deviated`, `unknown` the status `failed`; both end with exit code 1, which is the only other one that the
toolkit has. Rollbacks, signals, other controls and `--journal-path` are as without it. If the console does not show
the verdict, the control was not loaded: Chaos Toolkit goes on without a control that it cannot import, and says so
only in its log at level DEBUG.

## In CI

On GitHub, annotations at the lines of the experiment, a table in the summary, SARIF for code scanning:

    - uses: OWNER/chaosproof/.github/actions/review@main
      with:
        paths: journal.json experiments/

On GitLab, the JUnit report in the merge request, and the page among the artifacts:

    include:
      - component: $CI_SERVER_FQDN/GROUP/chaosproof/review@main
        inputs:
          paths: journal.json experiments/

Elsewhere: `pip install chaosproof` is what a review needs, and its exit code is the verdict.

## Beside other extensions

Each was run with the control `chaosproof.controls.verdict` in one run, and without it, with Chaos Toolkit 1.19.0
(Python 3.11) and 1.21.4 (Python 3.12), in November 2026. None breaks the other.

- Safeguards of chaostoolkit-addons (0.11.0 and 0.12.0) interrupt the run, and its rollbacks are played, as without it.
  The verdict comes last, and is `unknown` (`ended-early`). A safeguard that is never met changes nothing. It does not
  matter which of the two is listed first.
- `chaostracing.oltp` of chaostoolkit-opentracing (0.18.1) exports the same spans as without it; with
  `chaostracing.control`, exit code and verdict are as without it (its exporters were not tried).
- `chaos report --export-format=html` of chaostoolkit-reporting (0.18.0) writes the same report as without it.

What does not fit:

- chaostoolkit-addons 0.12 needs Python 3.12, and is the first that writes the name of the safeguard into the journal.
  With 0.11 the finding cannot name it; the log does.
- A trace has the verdict (`chaostoolkit.experiment.status` and `.deviated`) only if the control of the review is listed
  before that of the tracing; listed behind it, the trace has what the toolkit alone said. The toolkit calls them in the
  order in which they are listed.
- chaostoolkit-reporting shows `status`, and neither `deviated` nor the findings: a `fail` of the review is "completed"
  in its report. `chaosproof review journal.json --html FILE` has the findings.
- chaostoolkit-reporting ends with a KeyError on the journal of a run that was interrupted during an activity, with or
  without the control, and writes no report. It needs pandoc for HTML.
- Chaos Toolkit and chaostoolkit-opentracing are found to fit each other by pip 26.3 in less than a minute; pip 23.2.1
  was still looking after 100 s.

## Beside what Chaos Toolkit 1.21 brings

Each was run with 1.21.4 (Python 3.12 and 3.14), the control `controls.verdict` or a session, in November 2026.

- `--output agent`: the outcome is `passed` and conclusive for a pass alone. A `fail` is `deviated`, with the names of
  the checks that failed among `steady_state.during.unmet_probes`; `unknown` is `probe-error`, and not conclusive. The
  report reads neither `deviated` nor the status `failed`, so what it does read is in the journal: a state more under
  `steady_states.during`, which says `"added_by": "chaosproof"`, and which a review passes over. What the toolkit
  measured stays as it is, and where that says no pass by itself, nothing is added: a baseline that was not met, a
  probe of the hypothesis that raised, an interruption. The journal in a run folder has no such state.
- `--events-file`: its last row has the status and `deviated` of the verdict. SIGINT and SIGTERM are named in the
  journal and in the report, as without a session.
- `runtime.python.dependencies`: runs, with uv. With `isolated` or `version` the environment has nothing but what is
  listed: `chaosproof` has to be, and what the programs of the system import (`chaosproof[demo]`); without it the run
  ends by "has no session", with exit code 1. The first line of the log, before any control, has a colour code there.
- The bundled load control runs beside a session. Listed behind it, it knows `${endpoint_shop_http}`. Its load then
  ends a moment after the system does, so its own summary has errors at the end. Its requests are none of the measured
  load, and no check counts them.
- The bundled fault control (with faultlib 1.2.1 and Python 3.14) runs beside a session; behind it, an `upstream` may
  be `${address_shop_http}`. To a session its actions are somebody else's, so a run is `unknown` until the experiment
  says what shows them: `"evidence": [{"activity": "slow", "shows": {"probe": "impacted"}}]` with a probe of
  `ensure_traffic_impacted`, and `"no_fault"` with the name of the `clear_faults` of the method. The measured load
  runs inside of the lab and does not go through its proxies.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_kinds(), "", *_codes()]) + "\n"


def _kinds() -> Iterator[str]:
    yield "## Kinds of empty experiments\n"
    yield (
        "Recreated after public journals, and run for real against small local services\n"
        "([tests/review](../../tests/review/README.md)). The exit codes are those of `chaos run`, the third column\n"
        "is what `--output agent` of 1.21.4 said of the same run.\n"
    )
    yield "| kind | exit code, 1.19 and 1.21.4 | `--output agent` | review | findings |"
    yield "|---|---|---|---|---|"
    for folder in sorted(KINDS.iterdir()):
        runs = _json(folder / "runs.json")
        agent = _json(folder / "agent-1.21.json")
        reviews = [review_file(folder / f"journal-{version}.json") for version in ("1.19", "1.21")]
        codes = dict.fromkeys(
            f"`{f.code}`" for review in reviews for f in review.findings if f.severity != "note"
        )
        exits = " and ".join(str(runs[version]["exit_code"]) for version in ("1.19", "1.21"))
        sure = "conclusive" if agent["conclusive"] else "not conclusive"
        verdict = " and ".join(dict.fromkeys(review.verdict for review in reviews))
        name = folder.name.replace("_", " ")
        cells = (name, exits, f"{agent['outcome']}, {sure}", verdict, ", ".join(codes))
        yield f"| {' | '.join(cells)} |"


def _codes() -> Iterator[str]:
    yield "## Codes\n"
    yield "A code keeps its meaning. `lint` says that it is found before a run.\n"
    yield "| code | meaning | in |"
    yield "|---|---|---|"
    where = {"journal": "journals", "experiment": "lint", "either": "journals, lint"}
    for _, rule in all_rules():
        for code, meaning in rule.codes.items():
            yield f"| `{code}` | {meaning} | {where[rule.reads]} |"


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    print(page(), end="")
