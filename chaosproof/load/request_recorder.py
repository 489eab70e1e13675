"""The books of a load: the fate of each request becomes a row, and a count."""

from collections.abc import Callable

from chaosproof.load.progress import Tally
from chaosproof.runfolder.requests import encode_row

__all__ = ["RequestRecorder"]


class RequestRecorder:
    """A ledger that writes rows with `add_row` and counts in `tally`.

    `epoch` is what turns an instant of time.monotonic() into seconds since the epoch. There is one for the
    whole load: a wall clock that is stepped in the middle does not tear its records.
    """

    def __init__(self, *, model: str, epoch: float, add_row: Callable[[str], None]) -> None:
        self.epoch = epoch
        self.tally = Tally()
        self.last_sent = 0.0
        self._add_row = add_row
        self._from_due = model == "open"

    def add(
        self,
        seq: int,
        due: float,
        sent: float | None,
        done: float,
        status: int,
        code: str,
        instance: str,
        attempts: int,
    ) -> None:
        epoch = self.epoch
        if sent is None:
            self._add_row(encode_row(seq, due + epoch, None, done + epoch, status, code, instance, attempts))
            latency_s = done - due
        else:
            self._add_row(
                encode_row(seq, due + epoch, sent + epoch, done + epoch, status, code, instance, attempts)
            )
            latency_s = done - (due if self._from_due else sent)
            if sent > self.last_sent:
                self.last_sent = sent
        self.tally.add(status, code, latency_s)
