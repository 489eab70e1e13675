"""The router stack: client -> Unix socket -> gateway -> NATS -> router, and back."""

CLIENT = ("python", "-P", "-m", "chaosproof.demo.router.client")
"""The command of the client beside the services; -P: a folder of files must not shadow its modules."""
