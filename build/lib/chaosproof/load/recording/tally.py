"""Counts the requests of a load while it runs: cumulative counts, and the latencies of the last half second."""

from collections import Counter
from collections.abc import Sequence

from chaosproof.load.recording.latencies import nearest_rank, new_histogram
from chaosproof.runfolder.load import LoadProgress
from chaosproof.runfolder.requests import is_ok

__all__ = ["OTHER", "Tally"]

# Distinct codes counted by name; a server that makes them up without end shares one name for the rest.
_CODES_MAX = 200
OTHER = "OTHER"


class Tally:
    """Counts requests that have ended."""

    def __init__(self) -> None:
        self.done = 0
        self.ok = 0
        self.codes: Counter[str] = Counter()
        self.error_codes: set[str] = set()
        self._latencies_s: list[float] = []
        self._all = new_histogram()

    def add(self, status: int, code: str, latency_s: float) -> None:
        """One request has ended."""
        self.done += 1
        if is_ok(status):
            self.ok += 1
        else:
            self.error_codes.add(code)
        if code not in self.codes and len(self.codes) >= _CODES_MAX:
            code = OTHER
        self.codes[code] += 1
        self._latencies_s.append(latency_s)
        self._all.record_value(int(latency_s * 1e6) or 1)

    @property
    def errors(self) -> int:
        return self.done - self.ok

    def so_far_ms(self, percent: float) -> float:
        """A percentile of all latencies until now, within 0.1 %; 0 when there are none."""
        return float(self._all.get_value_at_percentile(percent)) / 1000

    def interval(self, *, at: float, t_s: float, due: int, sent: int, inflight: int) -> LoadProgress:
        """The counts until now; the next interval begins here."""
        latencies_s = self._latencies_s
        self._latencies_s = []
        latencies_s.sort()
        return LoadProgress(
            at=round(at, 6),
            t_s=round(t_s, 3),
            due=due,
            sent=sent,
            done=self.done,
            ok=self.ok,
            errors=self.errors,
            inflight=inflight,
            codes=dict(self.codes),
            p50_ms=_ms(latencies_s, 50),
            p99_ms=_ms(latencies_s, 99),
        )


def _ms(ordered_s: Sequence[float], percent: float) -> float | None:
    return round(nearest_rank(ordered_s, percent) * 1000, 3) if ordered_s else None
