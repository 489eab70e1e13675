"""Which driver speaks a plan's protocol; its file is imported only when it is needed."""

from chaosproof.load.call import Driver
from chaosproof.load.plan import Plan

__all__ = ["make_driver"]


def make_driver(plan: Plan) -> Driver:
    """The driver of the plan's protocol; raises `UsageError` for what only it can see is wrong."""
    match plan.protocol:
        case "http":
            from chaosproof.load.http import HttpDriver

            return HttpDriver(plan)
        case "ipc":
            from chaosproof.load.ipc import IpcDriver

            return IpcDriver(plan)
        case "nats":
            from chaosproof.load.nats import NatsDriver

            return NatsDriver(plan)
        case "grpc":
            from chaosproof.load.grpc import GrpcDriver

            return GrpcDriver(plan)
    raise AssertionError(f"no driver for {plan.protocol}")
