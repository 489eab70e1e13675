"""Resilience policies: one small file each, every one a function from a call to a guarded call.

None of the published breakers has all of: a window of calls, injected time, a hook for transitions, and a
way to be closed by probes made elsewhere; the rest are shorter than the glue to a library would be.
"""

from demo.grpc.policies.call import Call, Outcome, Policy, Request, guarded

__all__ = ["Call", "Outcome", "Policy", "Request", "guarded"]
