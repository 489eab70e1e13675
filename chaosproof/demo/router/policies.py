"""The router's decision: which provider serves a task, by the policy that the request names. A pure function."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from zlib import crc32

__all__ = ["POLICIES", "Policy", "Provider", "decide"]


@dataclass(frozen=True)
class Provider:
    """Somebody who can serve tasks, with what is known of her beforehand."""

    provider_id: str
    expected_latency_ms: int
    expected_cost: float


@dataclass(frozen=True)
class Policy:
    """Providers, best first; `weights` is how the tasks are shared among them."""

    reason: str
    providers: tuple[Provider, ...]
    weights: tuple[int, ...]


_LARGE = Provider("provider-large", 900, 0.030)
_SMALL = Provider("provider-small", 180, 0.002)
_LOCAL = Provider("provider-local", 60, 0.0)

POLICIES: Mapping[str, Policy] = {
    "default": Policy("weighted", (_SMALL, _LARGE, _LOCAL), (70, 20, 10)),
    "cheapest": Policy("lowest cost", (_LOCAL,), (1,)),
    "best": Policy("highest quality", (_LARGE,), (1,)),
}


def decide(policy_id: str, request_id: str) -> dict[str, object]:
    """The decision for a request, always the same for the same id; `KeyError` for an unknown policy."""
    policy = POLICIES[policy_id]
    priority = _chosen(crc32(request_id.encode()) % sum(policy.weights), policy.weights)
    provider = policy.providers[priority]
    # Spelt out, since `asdict` costs more than the rest of a decision.
    return {
        "provider_id": provider.provider_id,
        "expected_latency_ms": provider.expected_latency_ms,
        "expected_cost": provider.expected_cost,
        "priority": priority,
        "reason": policy.reason,
        "policy_id": policy_id,
    }


def _chosen(share: int, weights: tuple[int, ...]) -> int:
    """In whose weight the share falls."""
    for position, bound in enumerate(accumulate(weights)):
        if share < bound:
            return position
    raise ValueError(f"{share} is beyond the weights {weights}")
