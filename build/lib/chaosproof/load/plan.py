"""What a load is to be: a frozen `Plan`. `plan_reader.py` makes it of JSON or of a command's options."""

import base64
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from chaosproof.load.models.pacing import Stage, due_offsets, expected_requests
from chaosproof.runfolder.load import LoadPlan, LoadStage

__all__ = ["Plan"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A load that has been checked. `rate_rps` is None for a closed model without a cap.

    `stages` is empty for one constant rate; else the rate's course, and `rate_rps` is its mean.
    `ca_file` replaces the system's certificate authorities.
    `success` are the conditions for a response to count as served (`load/success.py`); empty: the protocol's default.
    """

    name: str
    url: str
    protocol: str
    model: str
    arrivals: str
    rate_rps: float | None
    connections: int
    duration_s: float
    timeout_s: float
    seed: int
    stages: tuple[Stage, ...] = ()
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    ca_file: str | None = None
    verify_tls: bool = True
    processes: int = 1
    success: tuple[str, ...] = ()

    @property
    def course(self) -> tuple[Stage, ...]:
        """The rate over time; empty when there is no cap."""
        if self.stages:
            return self.stages
        return () if self.rate_rps is None else (Stage(self.rate_rps, self.rate_rps, self.duration_s),)

    @property
    def planned(self) -> int | None:
        """How many requests the plan asks for, exactly; None when there is no cap."""
        if self.rate_rps is None:
            return None
        if self.arrivals == "constant":
            return max(1, math.ceil(expected_requests(self.course) - 5e-7))
        return sum(1 for _ in self.offsets())

    def offsets(self) -> Iterator[float]:
        """Seconds after the start at which each request is due."""
        return due_offsets(self.course, self.arrivals, self.seed)

    def to_record(self) -> LoadPlan:
        """The record of load-plan.json; `plan_from_dict` reads its JSON back."""
        text: str | None = None
        encoded: str | None = None
        try:
            text = self.body.decode()
        except UnicodeDecodeError:
            encoded = base64.b64encode(self.body).decode()
        stages = tuple(LoadStage(**asdict(stage)) for stage in self.stages)
        own = {"stages": stages, "body": text, "body_base64": encoded, "success": self.success or None}
        return LoadPlan(**{**vars(self), **own})

    def to_dict(self) -> dict[str, Any]:
        """The plan as load-plan.json has it."""
        return self.to_record().to_json()
