"""Short names for the modules of `chaosproof.actions`, in a checkout only: the package installs none of them."""
