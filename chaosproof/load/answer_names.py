"""What instances sign their answers with, where that is not their name: a container knows its host's name alone.

Who starts the generator says it in its environment, and not in the plan, which is the same for every run of a mode.
"""

import json
from collections.abc import Iterable, Mapping

from chaosproof.load.outcome import Outcome, Recorder
from chaosproof.targets.base import Instance

__all__ = ["named_answers", "signatures"]

_VARIABLE = "CHAOSPROOF_INSTANCES"


def signatures(instances: Iterable[Instance]) -> dict[str, str]:
    """The environment that `named_answers` reads; empty where each instance signs with its name."""
    names = {instance.host_name: instance.name for instance in instances if instance.host_name}
    return {_VARIABLE: json.dumps(names)} if names else {}


def named_answers(record: Recorder, environment: Mapping[str, str]) -> Recorder:
    """`record`, with the instance's name in place of what it has signed with."""
    names: Mapping[str, str] = json.loads(environment.get(_VARIABLE, "{}"))
    if not names:
        return record

    def record_named(outcome: Outcome) -> None:
        record(outcome._replace(instance=names.get(outcome.instance, outcome.instance)))

    return record_named
