"""Where a system runs: namespaces on this machine (`local`) or a cluster (`kubernetes`)."""

from chaosproof.targets.target import Address, Done, Inside, Instance, InstanceState, JobState, Target

__all__ = ["Address", "Done", "Inside", "Instance", "InstanceState", "JobState", "Target"]
