"""A disturbance of app-b, put on while it runs: slower work, failing calls, or both, for so many seconds.

    curl -X PUT localhost:8080/disturb -d '{"B_DELAY_MS": 200, "FAIL_RATE": 0.3, "duration_s": 60}'
    curl localhost:8080/disturb             # what is on, and what it has met so far
    curl -X DELETE localhost:8080/disturb   # end it now; harmless when nothing is on

It ends by app-b's own clock, whatever became of who asked for it. Settings that a process has from its start cannot
do this: an experiment needs a steady state before its disturbance, or there is nothing to lose.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from chaosproof.demo.grpc.worker import Conditions

__all__ = ["Disturbance", "DisturbanceError", "Disturbed", "add_disturb_routes", "read_disturbance"]

DELAY_MS_MAX = 60_000
DURATION_S_MAX = 3600.0
_WORDS = ("B_DELAY_MS", "FAIL_RATE", "duration_s")


class DisturbanceError(ValueError):
    """What was asked for is no disturbance; `str()` names the word, its value and what is expected."""


@dataclass(frozen=True)
class Disturbance:
    """What to put on, for how long. None: that setting stays as it is."""

    delay_ms: int | None
    fail_ratio: float | None
    duration_s: float

    def of(self, usual: Conditions) -> Conditions:
        """The conditions while it is on."""
        return Conditions(
            delay_s=usual.delay_s if self.delay_ms is None else self.delay_ms / 1000,
            fail_ratio=usual.fail_ratio if self.fail_ratio is None else self.fail_ratio,
        )


def read_disturbance(body: str) -> Disturbance:
    """From a JSON object with `duration_s` and B_DELAY_MS, FAIL_RATE or both; raises `DisturbanceError`."""
    try:
        fields = json.loads(body, object_pairs_hook=_once_each)
    except DisturbanceError:
        raise
    except (ValueError, RecursionError) as error:
        raise DisturbanceError(f"the body is not JSON ({error}): send an object with {_known()}.") from error
    if not isinstance(fields, dict):
        raise DisturbanceError(f"the body is no JSON object: send one with {_known()}.")
    for word in fields:
        if word not in _WORDS:
            raise DisturbanceError(f"{word!r} is not known: known are {_known()}.")
    if "duration_s" not in fields:
        raise DisturbanceError("duration_s is missing: a disturbance without an end is refused.")
    if len(fields) == 1:
        raise DisturbanceError("nothing is to be disturbed: give B_DELAY_MS, FAIL_RATE or both.")
    duration_s = _number(fields, "duration_s", DURATION_S_MAX)
    if not duration_s:
        raise DisturbanceError("duration_s is 0: give more than zero seconds.")
    delay_ms = _number(fields, "B_DELAY_MS", DELAY_MS_MAX) if "B_DELAY_MS" in fields else None
    if delay_ms is not None and delay_ms != int(delay_ms):
        raise DisturbanceError(f"B_DELAY_MS is {delay_ms:g}: give a whole number of milliseconds.")
    return Disturbance(
        delay_ms=None if delay_ms is None else int(delay_ms),
        fail_ratio=_number(fields, "FAIL_RATE", 1.0) if "FAIL_RATE" in fields else None,
        duration_s=duration_s,
    )


class Timer(Protocol):
    """What `asyncio.AbstractEventLoop.call_later` returns."""

    def cancel(self) -> None: ...


class Disturbed:
    """The one disturbance of one app-b: on, over, or none yet. Putting it on twice is putting it on once, anew.

    `counts` reads counters by name; their growth while it is on is its account. `clock` is monotonic; `wall` is for
    people and other processes.
    """

    def __init__(
        self,
        usual: Conditions,
        *,
        counts: Callable[[], Mapping[str, float]],
        on_change: Callable[[bool], None],
        call_later: Callable[[float, Callable[[], None]], Timer],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._usual = usual
        self._counts = counts
        self._on_change = on_change
        self._call_later = call_later
        self._clock = clock
        self._wall = wall
        self._is: Disturbance | None = None
        self._timer: Timer | None = None
        self._began_at = self._began = 0.0
        self._counts_before: Mapping[str, float] = {}
        self._ended: dict[str, Any] | None = None

    @property
    def on(self) -> bool:
        return self._timer is not None

    def conditions(self) -> Conditions:
        """How app-b works now."""
        return self._is.of(self._usual) if self._is is not None and self.on else self._usual

    def begin(self, disturbance: Disturbance) -> None:
        """Put it on now, in the place of one that is on."""
        if self._timer is not None:
            self._timer.cancel()
        self._is, self._ended = disturbance, None
        self._began_at, self._began = self._wall(), self._clock()
        self._counts_before = dict(self._counts())
        self._timer = self._call_later(disturbance.duration_s, lambda: self.end(by="clock"))
        self._on_change(True)

    def end(self, *, by: str) -> None:
        """End it; harmless when nothing is on. `by` is who did: `clock` or `request`."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._ended = {**self._so_far(), "ended_by": by}
        self._timer = None
        self._on_change(False)

    def state(self) -> dict[str, Any]:
        """`{on, disturbance, began_at, lasted_s, ended_by, account}`; all but `on` null when there was none yet."""
        current = self._is
        if current is None:
            nothing = ("disturbance", "began_at", "lasted_s", "ended_by", "account")
            return {"on": False, **dict.fromkeys(nothing)}
        fields = {
            "B_DELAY_MS": current.delay_ms,
            "FAIL_RATE": current.fail_ratio,
            "duration_s": current.duration_s,
        }
        return {
            "on": self.on,
            "disturbance": {word: value for word, value in fields.items() if value is not None},
            "began_at": self._began_at,
            **(self._ended or {**self._so_far(), "ended_by": None}),
        }

    def _so_far(self) -> dict[str, Any]:
        grown = {name: round(count - self._counts_before[name], 6) for name, count in self._counts().items()}
        return {"lasted_s": round(self._clock() - self._began, 6), "account": grown}


def add_disturb_routes(app: web.Application, disturbed: Disturbed) -> None:
    """GET, PUT and DELETE of /disturb; each answers with the state then, a wrong body with 400 and a sentence."""

    async def put(request: web.Request) -> web.Response:
        try:
            disturbed.begin(read_disturbance((await request.read()).decode()))
        except ValueError as error:  # UnicodeDecodeError is one, too
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(disturbed.state())

    async def delete(request: web.Request) -> web.Response:
        disturbed.end(by="request")
        return web.json_response(disturbed.state())

    async def get(request: web.Request) -> web.Response:
        return web.json_response(disturbed.state())

    app.router.add_put("/disturb", put)
    app.router.add_delete("/disturb", delete)
    app.router.add_get("/disturb", get)


def call_later(delay_s: float, call: Callable[[], None]) -> asyncio.TimerHandle:
    """The running loop's own clock."""
    return asyncio.get_running_loop().call_later(delay_s, call)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise DisturbanceError("a word is there twice: give each once.")
    return fields


def _number(fields: Mapping[str, Any], word: str, at_most: float) -> float:
    value = fields[word]
    # True is an int to Python, and NaN a number to its JSON.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= at_most:
        raise DisturbanceError(f"{word} is {json.dumps(value)}: give a number from 0 to {at_most:g}.")
    return float(value)


def _known() -> str:
    return ", ".join(_WORDS)
