"""What a client must see, worked out on paper: a server with one worker, constant service and one freeze.

Arrivals and service are constant (a D/D/1 queue): request n comes at n / rate, is served when all before it
are, and service stands still during the freeze. Its response time, counted from when it was due, follows
without any measuring.
"""

import math

__all__ = ["response_times_s", "served_at"]


def served_at(came: float, free: float, service_s: float, freeze_from: float, freeze_s: float) -> float:
    """When a request has been served that came at `came`, to a worker that is free from `free` on."""
    begin = max(came, free)
    if freeze_from <= begin < freeze_from + freeze_s:
        begin = freeze_from + freeze_s
    end = begin + service_s
    return end + freeze_s if begin < freeze_from < end else end


def response_times_s(
    *, rate_rps: float, duration_s: float, service_s: float, freeze_from: float, freeze_s: float
) -> list[float]:
    """The response time of every request, in ascending order."""
    free = 0.0
    times = []
    for n in range(math.ceil(rate_rps * duration_s)):
        due = n / rate_rps
        free = served_at(due, free, service_s, freeze_from, freeze_s)
        times.append(free - due)
    return sorted(times)
