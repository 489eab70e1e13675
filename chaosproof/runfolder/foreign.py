"""What the log of events says of an entry in an instance's network that is not of the run: the row `foreign_entry`."""

from dataclasses import dataclass

from chaosproof.runfolder.record import Record, about

__all__ = ["FOREIGN_ENTRY", "ForeignEntry"]

FOREIGN_ENTRY = "foreign_entry"


@dataclass(frozen=True, kw_only=True)
class ForeignEntry(Record):
    """The data of a row `foreign_entry`: what somebody else had set in an instance's network when the run looked."""

    instance: str = about("the instance that has it")
    entry: str = about("what it is: another process's fault, a rule of nft or iptables, a queue of tc")
    fault: str | None = about("the id of the fault, where it is one of chaosproof", default=None)
    when: str = about("at which look it was first seen")
