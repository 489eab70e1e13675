"""What a request carries, in protocols whose payload may have to differ from one request to the next."""

__all__ = ["Payload"]

_PLACE = b"{seq}"


class Payload:
    """Bytes in which each `{seq}` stands for the number of the request."""

    def __init__(self, template: bytes) -> None:
        self._template = template
        self._varies = _PLACE in template

    def of(self, seq: int) -> bytes:
        """The payload of request `seq`."""
        return self._template.replace(_PLACE, b"%d" % seq) if self._varies else self._template
