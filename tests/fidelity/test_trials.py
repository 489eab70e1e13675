"""Every kind, backend, place and protocol of the registries is in the table, or refused there with its sentence."""

from collections import Counter

import pytest

from chaosproof.faults.backends import BACKENDS
from chaosproof.faults.backends.base import Capabilities
from chaosproof.faults.causes.table import CAUSES as NAMED
from chaosproof.faults.doctor import ABILITIES
from chaosproof.faults.kinds import KINDS

from .causes import CAUSES
from .trials import CONNECTIONS, FAMILIES, PLACES, trials, unmeasured

EVERYTHING = Capabilities(dict.fromkeys(ABILITIES, ""))
ALL = list(trials(EVERYTHING))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_tried_by_every_backend_in_every_place_over_every_protocol(kind):
    """What the kind itself refuses is one row for all backends."""
    mine = [trial for trial in ALL if trial.arguments["kind"] == kind]
    for subject in {trial.subject for trial in mine}:
        ways = Counter((trial.place, trial.protocol) for trial in mine if trial.subject == subject)
        assert set(ways) == {(place, protocol) for place in PLACES for protocol in CONNECTIONS}
        assert set(ways.values()) <= {1, len(BACKENDS)}
    assert any(not trial.problem for trial in mine), f"{kind} is possible nowhere"


def test_a_refusal_is_a_sentence_of_ours_and_a_lack_is_the_kernels():
    assert all(trial.refused for trial in ALL if trial.problem)
    lacking = list(trials(Capabilities({**dict.fromkeys(ABILITIES, ""), "netem": "no netem here"})))
    problems = [trial.problem for trial in lacking if trial.problem and not trial.refused]
    assert problems and set(problems) == {"no netem here"}
    assert len(lacking) == len(ALL)


def test_a_trial_that_is_not_measured_has_its_rows_all_the_same():
    trial = next(trial for trial in ALL if trial.refused)
    rows = unmeasured(trial)
    assert len(rows) == len(FAMILIES) * len(CONNECTIONS[trial.protocol])
    assert {row.problem for row in rows} == {trial.problem}


def test_a_trial_is_a_fault_that_exists_on_the_instance_of_its_place():
    for trial in ALL:
        if not trial.problem:
            fault = trial.fault(50051, 4.0)
            assert trial.instance.startswith(trial.place.split()[0])
            assert (fault.direction, fault.protocol) == (
                trial.place.replace(",", "").split()[1],
                trial.protocol,
            )


def test_every_cause_that_a_fault_can_be_asked_for_by_is_brought_about():
    """Those of `inject --like`, by the same names."""
    assert {cause.name for cause in NAMED} <= {cause.name for cause in CAUSES}
