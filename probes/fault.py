"""`probes.fault` is `chaosproof.probes.fault`: the very same module."""

import sys

import chaosproof.probes.fault

sys.modules[__name__] = chaosproof.probes.fault
