"""`probes.connections` is `chaosproof.probes.connections`: the very same module."""

import sys

import chaosproof.probes.connections

sys.modules[__name__] = chaosproof.probes.connections
