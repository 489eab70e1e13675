"""`actions.app` is `chaosproof.actions.app`: the very same module."""

import sys

import chaosproof.actions.app

sys.modules[__name__] = chaosproof.actions.app
