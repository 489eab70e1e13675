"""Short names for the modules of `chaosproof.controls`, in a checkout only: the package installs none of them."""
