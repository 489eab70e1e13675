"""Which driver speaks a plan's protocol; its file is imported only when it is needed."""

from chaosproof.load.call import Driver
from chaosproof.load.plan import Plan

__all__ = ["make_driver"]


def make_driver(plan: Plan) -> Driver:
    """The driver of the plan's protocol; raises `UsageError` for what only it can see is wrong."""
    if plan.protocol == "http":
        from chaosproof.load.http import HttpDriver

        return HttpDriver(plan)
    raise AssertionError(f"no driver for {plan.protocol}")
