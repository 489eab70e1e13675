"""The container engine, Podman or Docker: which there is, what it knows of containers, and what it can be asked for."""
