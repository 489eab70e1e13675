"""The part of `./run test --mutation` that runs in the mutated copy, `mutants/`."""

import argparse
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import pytest

from chaosproof.stats.intervals import wilson
from tests.mutation.loop import LEFT_OUT, TESTS, Loop, Reach
from tests.mutation.make import digest, made
from tests.mutation.options import read_options

_CONTROLS = 10
_WORD_FOR_WORD = tuple(
    f"tests/{name}.py"
    for name in ("judge/test_documents", "compare/test_documents", "pack/test_documents", "report/test_texts")
)
_PREFIX = "chaosproof."


def main() -> int:
    options = read_options(None)
    out = os.fdopen(os.dup(1), "w", buffering=1)  # pytest takes the other one
    every = made()
    if options.modules:
        wanted = tuple(f"{_PREFIX}{word}." for word in options.modules.split(","))
        every = [name for name in every if name.startswith(wanted)]
    names = every
    if options.only:
        names = options.only.split(",")
    elif options.each is not None:
        names = _of_each_module(every, options.each, random.Random(options.seed))
    elif options.sample is not None:
        names = random.Random(options.seed).sample(every, min(options.sample, len(every)))
    print(f"{len(every)} mutants, of which {len(names)} are tried", file=out)
    killed_by: dict[str, str] = {}

    def work(loop: Loop) -> None:
        killed_by.update(_tried(loop, _reach(loop, out), names, options, out))

    loop = Loop(work)
    deselected = [word for test in LEFT_OUT for word in ("--deselect", test)]
    tests = options.tests.split(",") if options.tests else TESTS
    code = pytest.main(
        ["-q", "-m", "not slow and not lab", "-p", "no:cacheprovider", *deselected, *tests], plugins=[loop]
    )
    if not loop.done:
        print(f"the tests could not be run (pytest ended with {code})", file=out)
        return 2
    return _report(killed_by, len(every), options, out)


def _of_each_module(every: Sequence[str], count: int, chance: random.Random) -> list[str]:
    """So many mutants of each module, in a random order: that of one which is cut short is a sample, too."""
    by_module: dict[str, list[str]] = defaultdict(list)
    for name in every:
        by_module[name.rpartition(".")[0]].append(name)
    chosen = [name for names in by_module.values() for name in chance.sample(names, min(count, len(names)))]
    return chance.sample(chosen, len(chosen))


def _reach(loop: Loop, out: TextIO) -> dict[str, Reach]:
    """Kept beside the mutants; made anew of a test whose file changed, and of all when any other program did."""
    kept = Path("reach.json")
    known: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    marks = {name: digest(Path(name.partition("::")[0])) for name in loop.items}
    found = {
        name: Reach(known[name]["duration_s"], frozenset(known[name]["functions"]))
        for name, mark in marks.items()
        if name in known and known[name]["mark"] == mark
    }
    began = time.monotonic()
    for number, (name, answer) in enumerate(loop.reach([n for n in loop.items if n not in found]), 1):
        if isinstance(answer, str):
            print(f"left out: {answer}", file=out)
        else:
            found[name] = answer
        if number % 100 == 0:
            print(f"{len(found)} of {len(loop.items)} tests run without a mutant ...", file=out)
    print(f"{len(found)} tests pass without a mutant; {time.monotonic() - began:.0f} s", file=out)
    others = {name: kept_one for name, kept_one in known.items() if name not in loop.items}
    kept.write_text(
        json.dumps(
            others
            | {
                name: {
                    "mark": marks[name],
                    "duration_s": one.duration_s,
                    "functions": sorted(one.functions),
                }
                for name, one in found.items()
            }
        )
    )
    return found


def _tried(
    loop: Loop, reach: Mapping[str, Reach], names: Sequence[str], options: argparse.Namespace, out: TextIO
) -> dict[str, str]:
    """Each mutant's killer, or ""."""
    durations = {name: test.duration_s for name, test in reach.items()}
    killers: Counter[tuple[str, str]] = Counter()  # those that noticed another mutant near by go first
    found: dict[str, str] = {}
    left_over: dict[str, list[str]] = {}
    began = time.monotonic()
    for number, mutant in enumerate(names, 1):
        if time.monotonic() - began > 60 * options.minutes:
            words = f"{len(found)} of {len(names)} were tried, in their random order"
            print(f"the time is over: {words}", file=out)
            break
        function = mutant.rpartition("__mutmut_")[0]
        module = function.rpartition(".")[0]
        tests = sorted(
            (name for name, test in reach.items() if function in test.functions),
            key=lambda name: (
                -killers[function, name],
                -killers[module, name],
                # what holds every word of much goes before what asks one thing
                not name.startswith(_WORD_FOR_WORD),
                (durations[name] + 0.1) * len(reach[name].functions) / (killers["", name] + 0.1),
            ),
        )
        chosen = _within(tests, durations, options.budget_s)
        if number % (len(names) // _CONTROLS + 1) == 0 and chosen:
            _control(loop, chosen, durations)
        found[mutant] = killer = loop.try_mutant(mutant, chosen, durations).killed_by if chosen else ""
        if killer:
            killers.update([(function, killer), (module, killer), ("", killer)])
        elif len(chosen) < len(tests):
            left_over[mutant] = tests[len(chosen) :]
            print(f"survives so far: {mutant}", file=out)
        else:
            print(f"survived: {mutant}", file=out)
        if number % 20 == 0:
            dead = sum(map(bool, found.values()))
            print(f"{number} of {len(names)}: {dead} killed; {time.monotonic() - began:.0f} s", file=out)
    print(f"{len(left_over)} that survived are tried with more tests", file=out)
    for mutant, tests in left_over.items():
        found[mutant] = loop.try_mutant(
            mutant, _within(tests, durations, options.again_s), durations
        ).killed_by
    return found


def _within(tests: Sequence[str], durations: Mapping[str, float], budget_s: float) -> list[str]:
    chosen: list[str] = []
    spent_s = 0.0
    for name in tests:
        spent_s += durations[name]
        if chosen and spent_s > budget_s:
            break
        chosen.append(name)
    return chosen


def _control(loop: Loop, tests: Sequence[str], durations: Mapping[str, float]) -> None:
    """No mutant, and nothing may be killed; else the figure would be worth nothing."""
    answer = loop.try_mutant("", tests, durations)
    if answer.killed_by:
        raise RuntimeError(f"{answer.killed_by} fails without any mutant, now and then")


def _report(killed_by: Mapping[str, str], every: int, options: argparse.Namespace, out: TextIO) -> int:
    run: Counter[str] = Counter(name.rpartition(".")[0] for name in killed_by)
    dead: Counter[str] = Counter(name.rpartition(".")[0] for name, by in killed_by.items() if by)
    for module in sorted(run):
        print(
            f"{module.removeprefix(_PREFIX):24} {dead[module]:4} of {run[module]:4} killed",
            file=out,
        )
    for name, by in sorted(killed_by.items()):
        if not by:
            print(f"survived: {name}", file=out)
    if not killed_by:
        print("no mutant was run", file=out)
        return 2
    ended = sum("(ended by" in by for by in killed_by.values())
    # no mutant is chosen in this process, so that the judge's own formula is as it was written
    low, high = wilson(dead.total(), run.total())
    share = dead.total() / run.total()
    print(
        f"mutants in all {every}, tried {run.total()} (seed {options.seed}), killed {dead.total()} "
        f"(of which {ended} never ended): {share:.1%}, with 95 % {low:.1%} to {high:.1%}",
        file=out,
    )
    unnoticed = [module.removeprefix(_PREFIX) for module in run if not dead[module]]
    if options.each is not None and unnoticed:
        print(f"no mutant of these was killed: {', '.join(sorted(unnoticed))}", file=out)
        return 1
    return 0 if share >= options.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
