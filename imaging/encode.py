"""The finished picture as a file of the recipe's format, within its bytes, with as much written into it as the recipe says."""

from __future__ import annotations

from PIL import Image

from imaging.jpeg import encode_within
from imaging.png import encode_png_within
from imaging.recipe import AnyRecipe, RenderRequest
from imaging.record import xmp_of


def encode_finished(image: Image.Image, request: RenderRequest) -> tuple[bytes, tuple[str, ...]]:
    """The file, and notes where the recipe's bytes cost quality or could not be kept; the same bytes for the same arguments."""
    recipe: AnyRecipe = request.finishing
    xmp = xmp_of(request) if recipe.metadata == "record" else b""
    profile = recipe.metadata != "none"
    if recipe.quality is None or recipe.subsampling is None:  # a PNG has neither
        data, over = encode_png_within(image, most_bytes=recipe.most_bytes, xmp=xmp, profile=profile), "as a PNG, which loses nothing; a JPEG would be smaller"
    else:
        data, quality = encode_within(image, quality=recipe.quality, subsampling=recipe.subsampling, most_bytes=recipe.most_bytes, xmp=xmp, profile=profile)
        over = f"even at JPEG quality {quality}"
        if quality != recipe.quality and len(data) <= recipe.most_bytes:
            return data, (f"JPEG quality {quality} instead of {recipe.quality}, to stay below {recipe.most_bytes:,} bytes",)
    if len(data) > recipe.most_bytes:
        return data, (f"{len(data):,} bytes, more than the recipe's {recipe.most_bytes:,}, {over}",)
    return data, ()
