"""A cluster as the place where a system runs: its pods are the instances, one exec of one command is a fault."""
