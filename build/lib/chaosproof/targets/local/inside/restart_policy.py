"""When an instance that ended is started again, as Compose's `restart` has it."""

__all__ = ["RestartPolicy"]

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 60.0
_LIVED_S = 10.0


class RestartPolicy:
    """`no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`, for one instance.

    The pause doubles from 0.1 s to a minute, and begins anew once an instance has lived for 10 s, as Docker has it.
    A lab's `stop` ends it for good under each policy, so `always` and `unless-stopped` are one here.
    """

    def __init__(self, policy: str) -> None:
        self._name, _, most = policy.partition(":")
        self._most = int(most) if most else None
        self._restarts = 0
        self._pause_s = _FIRST_PAUSE_S

    def pause_s(self, exit_code: int, *, lived_s: float) -> float | None:
        """How long after this end it is started again; `None`: it is not."""
        if self._name == "no" or (self._name == "on-failure" and exit_code == 0):
            return None
        if self._most is not None and self._restarts >= self._most:
            return None
        if lived_s >= _LIVED_S:
            self._pause_s = _FIRST_PAUSE_S
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, _LONGEST_PAUSE_S)
        self._restarts += 1
        return pause_s
