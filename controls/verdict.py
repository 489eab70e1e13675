"""`controls.verdict` is `chaosproof.controls.verdict`: the very same module."""

import sys

import chaosproof.controls.verdict

sys.modules[__name__] = chaosproof.controls.verdict
