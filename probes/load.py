"""`probes.load` is `chaosproof.probes.load`: the very same module."""

import sys

import chaosproof.probes.load

sys.modules[__name__] = chaosproof.probes.load
