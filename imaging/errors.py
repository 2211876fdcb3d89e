"""What can go wrong between bytes and a packshot.

ImagingError
|-- Unreadable      no picture can be had from these bytes: a person must look ("unreadable: <why>")
`-- TooBig          a picture, but for the big-photo lane, not for an ordinary worker
"""

from __future__ import annotations


class ImagingError(Exception):
    """Any failure of this package."""


class Unreadable(ImagingError):
    """The bytes hold no picture that we can use; the message says why in plain words."""

    def __init__(self, why: str) -> None:
        super().__init__(f"unreadable: {why}")
        self.why = why

    def __reduce__(self) -> tuple[type[Unreadable], tuple[str]]:
        """Crosses process borders whole."""
        return (Unreadable, (self.why,))


class TooBig(ImagingError):
    """Readable, but decoding it needs more memory than an ordinary worker may take."""
