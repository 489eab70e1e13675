"""What an engine's error means, and its reason in words. The two engines do not always agree on the code."""

from http import HTTPStatus

from docker.errors import APIError, NotFound

__all__ = ["explanation", "is_being_removed", "is_gone", "reason"]


def is_gone(error: APIError) -> bool:
    """Whether there is no such container.

    Podman calls that an error of its own (500) where the container went in the middle of the call.
    """
    return isinstance(error, NotFound) or "no such container" in str(error.explanation)


def is_being_removed(error: APIError) -> bool:
    """Whether the engine is about to remove the container, which has ended by itself."""
    return error.status_code == HTTPStatus.CONFLICT and "already in progress" in str(error.explanation)


def explanation(error: APIError) -> str:
    """What the engine says of it, as a sentence."""
    text = str(error.explanation or error).strip()
    return text if text.endswith(".") else f"{text}."


def reason(error: BaseException) -> str:
    """The innermost reason, without the names of the classes around it."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).strip(". ")
