"""Keep the machine's CPUs from falling asleep: for a service that is asked seldom and must answer fast.

    KEEP_CPUS_AWAKE=true python -m chaosproof.demo.router.gateway

A request crosses from process to process six times. On a quiet machine every crossing wakes a CPU, and one of a
virtual machine that went to sleep takes some 30 us to wake: more than all the work on the request together. The
kernel's answer is a request to its power management (docs.kernel.org/power/pm_qos_interface.html): while it
stands, an idle CPU waits awake. That costs the idle time of every CPU of the machine, and needs root.
"""

import os
import struct
from pathlib import Path

__all__ = ["keep_cpus_awake"]

_PLACE = Path("/dev/cpu_dma_latency")


def keep_cpus_awake(place: Path = _PLACE) -> int:
    """Ask that no CPU take longer than 0 us to wake; returns a descriptor, at whose closing the request ends.

    The kernel closes it with the process, however that ends. Raises `OSError` where it may not or cannot be asked.
    """
    descriptor = os.open(place, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, struct.pack("=i", 0))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
