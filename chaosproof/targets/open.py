"""From a name to a `Target`: the only place that knows which kinds there are."""

from chaosproof.errors import UsageError
from chaosproof.targets.local.local import LocalTarget
from chaosproof.targets.target import Target

__all__ = ["KINDS", "open_target"]

KINDS = ("local",)


def open_target(kind: str, name: str) -> Target:
    """The target `name` (a lab's name for `local`); an unknown kind is a `UsageError`."""
    if kind == "local":
        return LocalTarget(name)
    raise UsageError(f"Unknown target {kind!r}; known targets: {', '.join(KINDS)}.")
