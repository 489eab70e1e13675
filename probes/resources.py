"""`probes.resources` is `chaosproof.probes.resources`: the very same module."""

import sys

import chaosproof.probes.resources

sys.modules[__name__] = chaosproof.probes.resources
