"""The target `containers`: a project of containers of Podman or Docker."""
