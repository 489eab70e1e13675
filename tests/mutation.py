"""How many deliberate mistakes in the judge its tests notice: `./run test --mutation`.

Every function of `chaosproof/evidence` is changed in all small ways that mutmut knows, one at a time, and the quick
tests of the judge are run (see `[tool.mutmut]` in pyproject.toml). A mutant that no test fails for has survived. All of
them take hours; `--sample N` takes N at random, the same ones for the same seed.

Try it: ./run test --mutation --sample 200 --modules check,judge
"""

import argparse
import json
import math
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

CORE = (
    *(
        "atomic",
        "builtin",
        "builtin_artifacts",
        "builtin_fault",
        "builtin_load",
        "builtin_session",
        "check",
        "claims",
    ),
    *(
        "compare",
        "compare_builtin",
        "compare_claims",
        "compare_variants",
        "event_chain",
        "figures",
        "findings",
        "fold",
    ),
    *(
        "judge",
        "manifest",
        "modes",
        "recovery",
        "run_folder",
        "same_settings",
        "sequential",
        "series",
        "shape",
    ),
    *("split", "tables", "variables", "witnesses"),
)
_PLACE = Path("mutants/chaosproof/evidence")
_SURVIVED = (0, 33)  # tests passed, or none covers it
_ASIDE = (None, 34)  # not run, or left out by a comment in the code


def results(modules: tuple[str, ...]) -> dict[str, dict[str, int | None]]:
    """The exit code of each mutant's tests, by module; a module that has no functions has no mutants."""
    found: dict[str, dict[str, int | None]] = {}
    for module in modules:
        kept = _PLACE / f"{module}.py.meta"
        found[module] = json.loads(kept.read_text())["exit_code_by_key"] if kept.exists() else {}
    return found


def run_mutants(names: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names], check=False)


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutation testing of chaosproof/evidence.")
    parser.add_argument("--sample", type=int, help="so many mutants, at random")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--modules", default=",".join(CORE), help="of chaosproof/evidence, separated by commas"
    )
    parser.add_argument("--at-least", type=float, default=0.85, help="the share that must be killed")
    parser.add_argument("--report", action="store_true", help="say what is known already, and run nothing")
    asked = parser.parse_args()
    modules = tuple(asked.modules.split(","))
    names: list[str] = []
    if not asked.report:
        run_mutants(["chaosproof.evidence.tables.*"])  # makes them all, and runs the fewest
        names = [name for of_one in results(modules).values() for name in of_one]
        if asked.sample is not None:
            names = random.Random(asked.seed).sample(names, min(asked.sample, len(names)))
        run_mutants(names)
    return _said(results(modules), set(names), asked.at_least)


def _said(found: dict[str, dict[str, int | None]], asked: set[str], at_least: float) -> int:
    killed: Counter[str] = Counter()
    run: Counter[str] = Counter()
    for module, codes in found.items():
        for name, code in codes.items():
            if code not in _ASIDE and (not asked or name in asked):
                run[module] += 1
                killed[module] += code not in _SURVIVED
                if code in _SURVIVED:
                    print(f"survived: {name}")
    print(f"{'module':20} {'mutants':>8} {'run':>6} {'killed':>7}  share")
    for module in found:
        share = f"{killed[module] / run[module]:.1%}" if run[module] else "-"
        print(f"{module:20} {len(found[module]):8} {run[module]:6} {killed[module]:7}  {share}")
    every, dead = run.total(), killed.total()
    if not every:
        print("no mutant was run")
        return 2
    share = dead / every
    # with 95 %, by the normal approximation: the rest of the mutants is not known
    slack = 1.96 * math.sqrt(share * (1 - share) / every)
    print(
        f"{dead} of {every} mutants killed: {share:.1%} (of all, with 95 %: {share - slack:.1%} to {share + slack:.1%})"
    )
    return 0 if share >= at_least else 1


if __name__ == "__main__":
    sys.exit(main())
