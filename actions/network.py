"""`actions.network` is `chaosproof.actions.network`: the very same module."""

import sys

import chaosproof.actions.network

sys.modules[__name__] = chaosproof.actions.network
