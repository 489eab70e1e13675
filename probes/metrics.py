"""`probes.metrics` is `chaosproof.probes.metrics`: the very same module."""

import sys

import chaosproof.probes.metrics

sys.modules[__name__] = chaosproof.probes.metrics
