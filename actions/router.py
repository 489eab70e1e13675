"""`actions.router` is `chaosproof.actions.router`: the very same module."""

import sys

import chaosproof.actions.router

sys.modules[__name__] = chaosproof.actions.router
