"""When an HTTP answer says that it was made: its Date header, its age, a time in its body under a name that says so.

RFC 9110 has Date, RFC 9111 has Age: the seconds that an answer has been kept in a cache.
"""

import json
import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from chaosproof.json_access import instant, number

__all__ = ["instants_of"]

_MADE = re.compile(
    r"time|checked|now|updated|generated|measured|cached|last_?check|^date$|^at$", re.IGNORECASE
)
# when something was begun or built, which is the same in every answer
_BEGUN = re.compile(
    r"start|boot|creat|built|build|since|release|deploy|up_?time|timeout|time_?zone", re.IGNORECASE
)
_BODY_MAX = 65_536
_EPOCH_S = (1.0e9, 4.0e9)


def instants_of(headers: Mapping[str, Any], body: Any) -> tuple[float, ...]:
    """Seconds since the epoch of each time at which the answer says that it was made; none where it does not say.

    A time in the body outweighs the header: a service may send a new Date with an answer that it kept.
    """
    return tuple(_of_body(body)) or tuple(_of_headers(headers))


def _of_headers(headers: Mapping[str, Any]) -> Iterator[float]:
    lowered = {str(key).lower(): str(value) for key, value in headers.items()}
    try:
        made_at = parsedate_to_datetime(lowered["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return
    yield made_at


def _of_body(body: Any) -> Iterator[float]:
    if isinstance(body, str):
        if len(body) > _BODY_MAX:
            return
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return
    stack = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node[:100])
        elif isinstance(node, Mapping):
            stack.extend(value for value in node.values() if isinstance(value, list | Mapping))
            for key, value in node.items():
                if _MADE.search(str(key)) and not _BEGUN.search(str(key)):
                    made_at = _instant(value)
                    if made_at is not None:
                        yield made_at


def _instant(value: Any) -> float | None:
    seconds = number(value)
    if seconds is not None:
        seconds = seconds / 1000 if seconds > _EPOCH_S[1] else seconds
        return seconds if _EPOCH_S[0] < seconds < _EPOCH_S[1] else None
    return instant(value)
