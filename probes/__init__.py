"""Short names for the modules of `chaosproof.probes`, in a checkout only: the package installs none of them."""
