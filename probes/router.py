"""`probes.router` is `chaosproof.probes.router`: the very same module."""

import sys

import chaosproof.probes.router

sys.modules[__name__] = chaosproof.probes.router
