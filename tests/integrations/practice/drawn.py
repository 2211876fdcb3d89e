"""Finished listing pictures, drawn with a known fault each, and a small web server to fetch them from."""

import io
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


@cache
def finished(
    size: int = 1200, *, blur: float = 0, fill: float = 0.86, text: bool = False, background: int = 255, off: float = 0, frame: bool = False, seed: int = 0
) -> bytes:
    """A round dial with fine marks on a plain background, as JPEG (q92). The outline stays crisp even when the inside is blurred."""
    image = Image.new("RGB", (size, size), (background,) * 3)
    radius, x, y = size * fill / 2, size * (0.5 + off), size / 2
    draw = ImageDraw.Draw(image)
    disc = [x - radius, y - radius, x + radius, y + radius]
    draw.ellipse(disc, fill=(60 + seed % 40, 60, 70))
    for angle in np.linspace(0, 2 * np.pi, 60 + seed % 7, endpoint=False):
        ends = [x + inner * radius * f(angle) if f is np.cos else y + inner * radius * f(angle) for inner in (0.7, 0.85) for f in (np.cos, np.sin)]
        draw.line(ends, fill=(230, 230, 225), width=max(1, size // 300))
    if blur:
        mask = Image.new("L", image.size, 0)
        ImageDraw.Draw(mask).ellipse(disc, fill=255)
        image = Image.composite(image.filter(ImageFilter.GaussianBlur(blur)), Image.new("RGB", image.size, (background,) * 3), mask)
    if text:
        ImageDraw.Draw(image).text((size // 60, size // 60), "SALE 50% OFF", fill=(200, 0, 0), font_size=size // 20)
    if frame:
        ImageDraw.Draw(image).rectangle([0, 0, size - 1, size - 1], outline=(20, 20, 120), width=size // 60)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92)
    return out.getvalue()


class Media:
    """A web server of bytes on loopback: `media.url("a.jpg", data)` puts a file up and answers its address."""

    def __init__(self) -> None:
        files: dict[str, bytes] = {}
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                if self.path == "/drip":
                    return self.drip()
                data = files.get(self.path)
                self.send_response(404 if data is None else 200)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def drip(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                try:
                    while True:
                        self.wfile.write(b"x" * 100)
                        time.sleep(0.05)
                except OSError:
                    return

            def log_message(self, *args: object) -> None: ...

        self.files, self.asked = files, asked
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, name: str, data: bytes) -> str:
        self.files[f"/{name}"] = data
        return f"{self.base}/{name}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
