"""`actions.nats` is `chaosproof.actions.nats`: the very same module."""

import sys

import chaosproof.actions.nats

sys.modules[__name__] = chaosproof.actions.nats
