"""All liars that bend the folder of a run, in one list."""

from tests.tampering.lies_of_fault import lies_of_fault
from tests.tampering.lies_of_load import lies_of_load
from tests.tampering.lies_of_session import lies_of_session

__all__ = ["LIARS"]

LIARS = (*lies_of_load(), *lies_of_fault(), *lies_of_session())
