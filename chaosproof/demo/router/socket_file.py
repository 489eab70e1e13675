"""The gateway's socket in the file system: for its owner only, a stale one replaced, a live one not stolen."""

import errno
import os
import socket
import stat
from pathlib import Path

__all__ = ["SocketError", "SocketFile"]

_BACKLOG = 1024
_ASK_S = 1.0


class SocketError(Exception):
    """The socket cannot be opened; `str()` is one sentence that names its path and what to do."""


class SocketFile:
    """A listening socket at `path`, mode 0600 from its first instant on. Raises `SocketError`."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._bind()
            self.listener.listen(_BACKLOG)
            status = self._path.lstat()
        except OSError as error:
            self.listener.close()
            raise SocketError(
                f"Cannot open the socket {path}: {error.strerror}; choose another place with -s."
            ) from error
        except SocketError:
            self.listener.close()
            raise
        self._identity = (status.st_dev, status.st_ino)

    def remove(self) -> None:
        """Delete the file, unless another program has put its own in its place."""
        try:
            status = self._path.lstat()
            if (status.st_dev, status.st_ino) == self._identity:
                self._path.unlink()
        except OSError:
            pass  # It is gone already, and with it what there was to remove.

    def _bind(self) -> None:
        # A chmod afterwards would leave a moment in which anybody can connect.
        before = os.umask(0o177)
        try:
            try:
                self.listener.bind(str(self._path))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                self._clear_stale()
                self.listener.bind(str(self._path))
        finally:
            os.umask(before)

    def _clear_stale(self) -> None:
        """Delete a socket that nobody listens on; refuse to touch anything else."""
        if not stat.S_ISSOCK(self._path.lstat().st_mode):
            raise SocketError(f"{self._path} is there and is no socket: choose another path with -s.")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(_ASK_S)
            try:
                caller.connect(str(self._path))
            except ConnectionRefusedError:
                self._path.unlink(missing_ok=True)
                return
            except FileNotFoundError:
                return
            except TimeoutError:
                pass  # Its queue is full: somebody is there, and busy.
            except OSError as error:
                raise SocketError(
                    f"{self._path} is a socket of another kind or owner ({error.strerror}): "
                    "choose another path with -s."
                ) from error
        raise SocketError(
            f"A program listens on {self._path} already: end it, or choose another path with -s."
        )
