"""Bringing pictures in: download from loopback only, with limits, then encode again under a name of our own."""

import hashlib
import io
import ipaddress
import socket
import time
import warnings
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pillow_heif
import requests
from PIL import Image
from urllib3.exceptions import HTTPError, ReadTimeoutError

from integrations.practice import judge
from integrations.practice.config import PictureLimits, Timing

pillow_heif.register_heif_opener()


class PictureError(Exception):
    """A picture was not taken; `code` is eBay's GalleryStatus word for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Taken:
    """A picture as re-hosted, and what was measured on the bytes that came in."""

    data: bytes
    sha256: str
    width: int
    height: int
    source_sha256: str
    facts: dict[str, Any]


def loopback(url: str) -> bool:
    """Whether the URL is http(s) and every address of its host is this machine's own."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return False
    return all(ipaddress.ip_address(entry[4][0]).is_loopback for entry in found)


def reachable(url: str, timing: Timing) -> bool:
    """Whether something listens at the URL's host now: what the real one finds out before it accepts."""
    if not loopback(url):
        return False
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), timeout=timing.connect):
            return True
    except (OSError, ValueError):
        return False


def download(url: str, limits: PictureLimits, timing: Timing) -> bytes:
    """The bytes behind a loopback URL, never more than the limit nor longer than the time; raises PictureError."""
    if not loopback(url):
        raise PictureError("InvalidUrl", f"not a reachable address: {url}")
    deadline = time.monotonic() + timing.fetch
    body = bytearray()
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the machine has no part in loopback traffic
            with session.get(url, stream=True, timeout=(timing.connect, timing.fetch), allow_redirects=False, verify=False) as answer:
                if answer.status_code != 200:
                    raise PictureError("ImageNonExistent", f"HTTP {answer.status_code} from {url}")
                while chunk := answer.raw.read1(65536, decode_content=True):  # what has arrived, however little: a slow drip must not hide
                    body += chunk
                    if len(body) > limits.limit_bytes:
                        raise PictureError("InvalidFile", f"larger than {limits.limit_bytes} bytes: {url}")
                    if time.monotonic() > deadline:
                        raise PictureError("ImageReadTimeOut", f"too slow: {url}")
    except (requests.Timeout, ReadTimeoutError) as error:
        raise PictureError("ImageReadTimeOut", f"too slow: {url}") from error
    except (requests.RequestException, HTTPError, OSError) as error:
        raise PictureError("ServerDown", f"no answer from {url}") from error
    return bytes(body)


def take(data: bytes, limits: PictureLimits) -> Taken:
    """Check, measure and encode again; raises PictureError with code TooLarge, TooManyPixels or InvalidFileFormat."""
    if len(data) > limits.limit_bytes:
        raise PictureError("TooLarge", f"larger than {limits.limit_bytes} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # judged by our own limit below
            with Image.open(io.BytesIO(data)) as opened:
                kind = "JPEG" if opened.format == "MPO" else opened.format
                if kind not in limits.formats or getattr(opened, "n_frames", 1) > 1:
                    raise PictureError("InvalidFileFormat", f"{kind} with {getattr(opened, 'n_frames', 1)} frames is not taken")
                if max(opened.size) > limits.longest_allowed_px:
                    raise PictureError("TooManyPixels", f"longer than {limits.longest_allowed_px} px")
                rgb = judge.upright(opened)
            facts = judge.measure(data)
    except PictureError:
        raise
    except Exception as error:  # a decoder may raise anything over a hostile file
        raise PictureError("InvalidFileFormat", f"not a picture: {error}") from error
    if max(rgb.size) > limits.longest_px:
        rgb.thumbnail((limits.longest_px, limits.longest_px), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    rgb.save(out, "JPEG", quality=limits.quality)
    encoded = out.getvalue()
    return Taken(encoded, hashlib.sha256(encoded).hexdigest(), rgb.width, rgb.height, hashlib.sha256(data).hexdigest(), facts)


def a_strangers(number: int) -> bytes:
    """A picture that is nobody's of ours: a striped box on white, another one for each number, with nothing that a hidden rule would object to."""
    image = Image.new("RGB", (1000, 1000), "white")
    colour, bottom = (60 + number * 53 % 160, 60 + number * 29 % 160, 60 + number * 91 % 160), 700 + number * 7 % 60
    image.paste(colour, (80, 250, 920, bottom))
    for left in range(92, 908, 12):  # something to be sharp about
        image.paste((30, 30, 30), (left, 262, left + 4, bottom - 12))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def smaller(data: bytes, longest: int) -> bytes:
    """The same picture at most `longest` px long; for page thumbnails and eBay's small addresses."""
    with Image.open(io.BytesIO(data)) as opened:
        if max(opened.size) <= longest:
            return data
        opened.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        opened.save(out, "JPEG", quality=85)
        return out.getvalue()
