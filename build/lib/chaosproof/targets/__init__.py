"""Where a system runs: namespaces on this machine (`local`) or a cluster (`kubernetes`)."""

from chaosproof.targets.base import Address, CommandResult, Inside, Instance, InstanceState, JobState, Target

__all__ = ["Address", "CommandResult", "Inside", "Instance", "InstanceState", "JobState", "Target"]
