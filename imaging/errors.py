"""What can go wrong between bytes and a packshot.

ImagingError
|-- Unreadable      no picture can be had from these bytes: a person must look ("unreadable: <why>")
|-- Exhausted       memory ran out while decoding: it may well go when less is under way
`-- TooBig          a picture, but for the big-photo lane alone (decode.big_photo_lane)
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


class Exhausted(ImagingError):
    """Memory ran out; the bytes may be as they should."""


class TooBig(ImagingError):
    """Readable, but decoding it needs more memory than an ordinary worker may take."""
