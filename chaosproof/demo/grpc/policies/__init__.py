"""Resilience policies: one small file each, every one a function from a call to a guarded call.

The breaker is our own because the reachability monitor must be able to hold it open and to close it by probes
made elsewhere; retry, bulkhead and deadline are shorter than the glue to a library would be.
"""

from chaosproof.demo.grpc.policies.call import Call, Outcome, Policy, Request, guarded

__all__ = ["Call", "Outcome", "Policy", "Request", "guarded"]
