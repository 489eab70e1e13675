"""The images that a cluster runs: built with a container engine from `docker/`, or without any from Debian and pip."""
