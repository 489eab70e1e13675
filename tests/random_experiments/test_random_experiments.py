"""Random experiments out of the whole vocabulary, spoilt in every way of the list: none that proves nothing is green.

The real Chaos Toolkit runs each of them with the product's own session, actions, probes and judge; what is made up is
the system, its clock and its network. Whether it proved anything is asked of what happened in that world.
"""

from collections import Counter
from pathlib import Path

import pytest

from tests.random_experiments.series import Result, false_greens, room, series, table
from tests.random_experiments.spoilings import SPOILINGS

SEED = 1


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    with room(tmp_path_factory.mktemp("few")) as where:
        return series(SEED, range(200), where)


def assert_none_is_green(seed: int, results: list[Result]) -> None:
    wrong = "\n".join(f"--seed {seed} --number {r.number}: {r}" for r in false_greens(results))
    assert not wrong, f"python -m tests.random_experiments.series ...\n{wrong}\n{table(results)}"


def test_none_of_200_random_experiments_that_prove_nothing_is_green(few: list[Result]) -> None:
    """And of those that nothing spoils, two in five are: the others promise what their system does not keep."""
    assert_none_is_green(SEED, few)
    whole = [result for result in few if not result.spoilings]
    assert sum(result.status == "pass" for result in whole) >= 0.4 * len(whole)


def test_the_exit_code_is_the_verdict(few: list[Result]) -> None:
    """`chaos run` ends with 0 where the verdict is pass, and nowhere else."""
    assert {(r.status == "pass", r.exit_code == 0) for r in few if r.reach} == {(True, True), (False, False)}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_none_of_2000_random_experiments_that_prove_nothing_is_green(tmp_path: Path) -> None:
    """Each way to spoil one comes up 20 times or more, and 200 that prove something are green."""
    with room(tmp_path) as where:
        results = series(SEED, range(2000), where)
    print(table(results))
    assert len(results) == 2000
    assert_none_is_green(SEED, results)
    times = Counter(spoiling for result in results for spoiling in result.spoilings)
    assert {name: times[name] for name in SPOILINGS if times[name] < 20} == {}
    assert sum(result.status == "pass" and not result.shortfalls for result in results) >= 200
