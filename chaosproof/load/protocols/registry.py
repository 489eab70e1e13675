"""Which driver speaks a plan's protocol; its file is imported only when it is needed."""

from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import Driver

__all__ = ["make_driver"]


def make_driver(plan: Plan) -> Driver:
    """The driver of the plan's protocol; raises `UsageError` for what only it can see is wrong."""
    match plan.protocol:
        case "http":
            from chaosproof.load.protocols.http import HttpDriver

            return HttpDriver(plan)
        case "ipc":
            from chaosproof.load.protocols.ipc import IpcDriver

            return IpcDriver(plan)
        case "nats":
            from chaosproof.load.protocols.nats import NatsDriver

            return NatsDriver(plan)
        case "grpc":
            from chaosproof.load.protocols.grpc import GrpcDriver

            return GrpcDriver(plan)
    raise AssertionError(f"no driver for {plan.protocol}")
