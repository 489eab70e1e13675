"""`probes.app` is `chaosproof.probes.app`: the very same module."""

import sys

import chaosproof.probes.app

sys.modules[__name__] = chaosproof.probes.app
