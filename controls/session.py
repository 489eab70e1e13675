"""`controls.session` is `chaosproof.controls.session`: the very same module."""

import sys

import chaosproof.controls.session

sys.modules[__name__] = chaosproof.controls.session
