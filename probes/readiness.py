"""`probes.readiness` is `chaosproof.probes.readiness`: the very same module."""

import sys

import chaosproof.probes.readiness

sys.modules[__name__] = chaosproof.probes.readiness
