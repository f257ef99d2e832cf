"""What a request is refused with: a status of HTTP and the sentence that the command line would print."""

from __future__ import annotations

from collections.abc import Mapping

from classmark.errors import ClassmarkError, InputError, Message


class Refused(InputError):  # noqa: N818 - a request is, and it is no fault
    """A request that is not answered.

    Args:
        status: of HTTP.
        problem, remedy: as of every `ClassmarkError`.
        headers: of the answer.
    """

    def __init__(
        self, status: int, problem: Message, remedy: Message = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(problem, remedy)
        self.status, self.headers = status, dict(headers or {})


class Gone(Exception):  # noqa: N818 - it is no fault
    """The client has closed the connection; there is nobody to answer."""


def status_of(error: ClassmarkError) -> int:
    """The status for an error: what it says itself, or 422 for content that cannot be used."""
    return error.status if isinstance(error, Refused) else 422
