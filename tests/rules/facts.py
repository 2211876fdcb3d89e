"""The closed list of facts that a rule may name, and pictures as facts."""

from rules import Scope

KNOWN = frozenset(
    {
        "format",
        "width",
        "height",
        "longest_side",
        "shortest_side",
        "aspect",
        "megapixels",
        "mode",
        "has_alpha",
        "frames",
        "bytes",
        "profile",
        "jpeg_quality",
        "border_min_level",
        "background_white_share",
        "background_level",
        "fill",
        "fill_area",
        "centre_offset",
        "pieces",
        "touching_sides",
        "sharpness",
        "luminance",
        "clipped_share",
        "noise",
        "subject_found",
        "cutout_confidence",
        "cutout_pieces",
        "cutout_touching_sides",
        "pieces_off",
        "products_with_photo",
        "has_main",
        "pictures",
    }
)
GOOD = {  # a finished picture as the recipes make it
    "format": "JPEG",
    "width": 2000,
    "height": 2000,
    "longest_side": 2000,
    "shortest_side": 2000,
    "aspect": 1.0,
    "megapixels": 4.0,
    "mode": "RGB",
    "has_alpha": False,
    "frames": 1,
    "bytes": 620_000,
    "profile": "srgb",
    "jpeg_quality": 92,
    "border_min_level": 255,
    "background_white_share": 0.955,
    "background_level": 253.8,
    "fill": 0.884,
    "fill_area": 0.31,
    "centre_offset": 0.0007,
    "pieces": 1,
    "touching_sides": 0,
    "sharpness": 9.4,
    "luminance": 112,
    "clipped_share": 0.001,
    "noise": 0.3,
    "subject_found": True,
    "cutout_confidence": 0.974,
    "cutout_pieces": 1,
    "cutout_touching_sides": 0,
    "pieces_off": 0,
    "products_with_photo": 1,
    "has_main": True,
    "pictures": 3,
}
PHOTO = {  # an original as the camera makes it
    "format": "JPEG",
    "longest_side": 6000,
    "shortest_side": 4000,
    "megapixels": 24.0,
    "frames": 1,
    "luminance": 104,
    "background_level": 182.4,
    "sharpness": 24.0,
    "products_with_photo": 1,
}


def scope(marketplace: str = "amazon-uk", category: str = "watch", position: str = "main", condition: str = "new", country: str | None = None) -> Scope:
    """A place, the country taken from the marketplace's name."""
    site = marketplace.rsplit("-", 1)[1].upper()
    return Scope(marketplace, country or {"UK": "GB"}.get(site, site), category, position, condition)
