"""Room for many connections: the soft limit of open files is raised as far as the hard one allows."""

import resource

from chaosproof.errors import ChaosproofError

__all__ = ["make_room_for_connections"]

_OTHER_FILES = 64


def make_room_for_connections(connections: int) -> None:
    """See to it that `connections` sockets can be open at once, or raise `ChaosproofError`."""
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise ChaosproofError(
            f"{connections} connections need {wanted} open files, and this process may have {hard}: "
            f"raise the limit (ulimit -Hn {wanted}) or ask for fewer connections"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
