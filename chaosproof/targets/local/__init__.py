"""The local target: real processes, each in its own network namespace, in one private set of namespaces."""
