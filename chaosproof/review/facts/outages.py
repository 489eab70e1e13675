"""Whether a probe that raised met a service that was down, or broke for a reason of its own."""

import re

__all__ = ["is_outage"]

_OUTAGE = re.compile(
    r"connection ?(was "
    r")?(refused|reset|aborted|closed)|connectionrefused|connectionreset|remotedisconnected|newconnectionerror"
    r"|failed to establish a new connection|max retries exceeded|errno 111|errno 104|timed? ?out|took too "
    r"long|timeout|no route "
    r"to host"
    r"|host unreachable|network is unreachable|broken ?pipe|server disconnected|unavailable",
    re.IGNORECASE,
)


def is_outage(raised: str) -> bool:
    """Whether the last line of an exception says that the other side refused, broke or did not answer in time."""
    return bool(_OUTAGE.search(raised))
