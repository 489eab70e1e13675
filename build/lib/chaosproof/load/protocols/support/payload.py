"""The payload of a request, in protocols where it may differ from one request to the next."""

__all__ = ["Payload"]

_NUMBER = b"{seq}"


class Payload:
    """Bytes in which each `{seq}` stands for the number of the request."""

    def __init__(self, template: bytes) -> None:
        self._template = template
        self.varies = _NUMBER in template

    def of(self, seq: int) -> bytes:
        """The payload of request `seq`."""
        return self._template.replace(_NUMBER, b"%d" % seq) if self.varies else self._template
