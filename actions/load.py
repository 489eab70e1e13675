"""`actions.load` is `chaosproof.actions.load`: the very same module."""

import sys

import chaosproof.actions.load

sys.modules[__name__] = chaosproof.actions.load
