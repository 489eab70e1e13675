"""Records the outcome of each request of a load: as a row, and as a count."""

from collections.abc import Callable

from chaosproof.load.outcome import Outcome
from chaosproof.load.recording.tally import OTHER, Tally
from chaosproof.runfolder.requests import encode_row, is_ok

__all__ = ["OK_CODES_MAX", "RequestRecorder"]

# A server that gives each success a code of its own, such as an order's number, would fill every table with them.
OK_CODES_MAX = 50


class RequestRecorder:
    """Writes rows with `add_row` and counts in `tally`.

    `epoch`, added to an instant of time.monotonic(), gives seconds since the epoch. It is the same for the whole load:
    a wall clock that is stepped in the middle does not tear its records.
    """

    def __init__(self, *, model: str, epoch: float, add_row: Callable[[str], None]) -> None:
        self.epoch = epoch
        self.tally = Tally()
        self.last_sent = 0.0
        self._add_row = add_row
        self._from_due = model == "open"
        self._ok_codes: set[str] = set()

    def add(self, outcome: Outcome) -> None:
        seq, due, sent, done, status, code, instance, attempts = outcome
        epoch = self.epoch
        if sent is None:
            sent_at = None
            latency_s = done - due
        else:
            sent_at = sent + epoch
            latency_s = done - (due if self._from_due else sent)
            if sent > self.last_sent:
                self.last_sent = sent
        if code not in self._ok_codes and is_ok(status):
            if len(self._ok_codes) < OK_CODES_MAX:
                self._ok_codes.add(code)
            else:
                code = OTHER
        self._add_row(encode_row(seq, due + epoch, sent_at, done + epoch, status, code, instance, attempts))
        self.tally.add(status, code, latency_s)
