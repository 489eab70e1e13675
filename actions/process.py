"""`actions.process` is `chaosproof.actions.process`: the very same module."""

import sys

import chaosproof.actions.process

sys.modules[__name__] = chaosproof.actions.process
