"""Which activity of a run ended a fault early. A row that says `healed` is not enough: whoever flushes a table from
outside leaves one that looks the same.
"""

from chaosproof.json_access import mapping, mappings
from chaosproof.review.facts.effect import name_of
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["healed_by"]


def healed_by(run: RunFolder, fault: FaultRecord) -> str:
    """The name of the activity whose output says that it ended this very fault; empty when the journal has none."""
    for entry in (*run.journal.run, *run.journal.rollbacks):
        call, output = (entry.module, entry.provider.get("func")), mapping(entry.output)
        if call == ("chaosproof.actions.network", "heal"):
            matches = any(healed.get("id") == fault.id for healed in mappings(output.get("faults")))
        else:
            matches = (
                call == ("chaosproof.actions.process", "resume")
                and fault.kind == "pause"
                and output.get("instance") == fault.instance
            )
        if matches:
            return name_of(entry)
    return ""
