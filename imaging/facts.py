"""The facts: every number and flag that a rule may name, documented once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

FactValue = bool | int | float | str | None
Facts = dict[str, FactValue]
Box = tuple[int, int, int, int]  # left, top, right, bottom in px of the file after EXIF orientation

FACTS_VERSION = 6  # raise it when the same bytes would give other facts


# what a unit is told in: two values of a fact that differ by less cannot be met
_STEPS = {"px": 1, "MP": 0.001, "count": 1, "bytes": 1, "quality": 1, "level": 0.01, "score": 0.01, "L*": 0.01, "a*": 0.01, "b*": 0.01, "times": 0.5}
_STEPS |= dict.fromkeys(("ratio", "share", "probability"), 0.0001)


@dataclass(frozen=True)
class Fact:
    """What a fact is, in which unit and range, and how it comes about; `told`: how finely, where that is not its unit's usual."""

    name: str
    unit: str
    range: str
    method: str
    told: float | None = None

    @property
    def step(self) -> float | None:
        """The smallest difference between two values that is told; None for words and flags."""
        return _STEPS.get(self.unit) if self.told is None else self.told


@dataclass(frozen=True)
class Measured:
    """Facts of one file and, where it makes sense, the region of the picture that a fact speaks of."""

    facts: Facts
    regions: dict[str, Box] = field(default_factory=dict)


_ALL = (
    # the file
    Fact("format", "word", "JPEG PNG TIFF WEBP GIF BMP HEIF AVIF", "the decoder that recognised the bytes"),
    Fact("width", "px", "1..", "after EXIF orientation"),
    Fact("height", "px", "1..", "after EXIF orientation"),
    Fact("longest_side", "px", "1..", "the larger of width and height"),
    Fact("shortest_side", "px", "1..", "the smaller of width and height"),
    Fact("aspect", "ratio", "0..", "width over height"),
    Fact("megapixels", "MP", "0..", "width x height / 1,000,000"),
    Fact("mode", "word", "RGB L CMYK P ...", "how the file stores its pixels, in Pillow's words"),
    Fact("has_alpha", "flag", "", "an alpha channel or a transparent palette entry"),
    Fact("frames", "count", "1..", "pictures that play or page; files with more than one are refused as unreadable"),
    Fact("bytes", "bytes", "1..", "length of the file"),
    Fact("profile", "word", "srgb none or the profile's name", "the embedded ICC profile's description"),
    Fact("jpeg_quality", "quality", "1..100, none for other formats", "the libjpeg setting whose luminance table is nearest"),
    Fact("jpeg_subsampling", "word", "4:4:4 4:2:2 4:2:0 other, none for other formats and for grey", "how coarsely the file keeps its colours"),
    Fact("dhash", "word", "16 hex digits", "difference hash of 8 x 8 area means of luma: pictures that differ in few bits are nearly the same"),
    # the background
    Fact("border_min_level", "level", "0..255", "the darkest channel of the darkest pixel of the outermost ring", told=1),
    Fact(
        "background_white_share",
        "share",
        "0..1",
        "of the pixels at least 1.2 % of the frame away from the subject, those with all channels >= 253; its shadow counts",
    ),
    Fact("background_level", "level", "0..255", "mean luma of those pixels; of the border band where no subject stands out"),
    Fact("background_tint", "level", "0..255", "the largest less the smallest channel of those pixels' mean colour"),
    Fact("background_unevenness", "level", "0..255", "98th less 2nd percentile of those pixels' luma, averaged over 3 x 3 at 500 px longest side"),
    # the subject: what differs from the background seen at the border; smooth neutral darkening (a soft shadow) is not subject
    Fact("subject_found", "flag", "", "something stands out from a plain background"),
    Fact("fill", "share", "0..1", "the longer relative side of the subject's box: max(w / W, h / H)"),
    Fact("fill_area", "share", "0..1", "of the frame that is subject"),
    Fact("centre_offset", "share", "0..1", "distance of the box's middle from the frame's middle, over the frame's diagonal"),
    Fact("pieces", "count", "0..", "separate parts of at least 0.2 % of the frame; gaps under 0.6 % of it do not separate"),
    Fact("touching_sides", "count", "0..4", "sides of the frame that the subject runs out of"),
    Fact("holes", "count", "0..", "openings of at least 1 % of the subject, at 500 px longest side, through which it shows the background"),
    Fact(
        "shadow_depth",
        "level",
        "0..255",
        "how much darker than the background's median luma it is within 5 % of the longest side beside the subject, on average",
    ),
    Fact(
        "shadow_margin",
        "share",
        "0..0.5, none without a shadow",
        "from the frame's edge to what is darker than the background by more than 3 levels and joined to the subject, over the longest side",
    ),
    Fact("stain_share", "share", "0..1", "of the frame as dark as that, joined to nothing, or to the frame's edge and over 8 % away: a grey corner, a stain"),
    Fact(
        "halo",
        "share",
        "0..1",
        "of the subject's outline along which a band of what lay behind it is left: one that ends in a step of 10 levels within 3 % of the longest side, "
        "or a pale one of one tone under the outline, or a thin flat line of one nearly all around (80 %); at 1000 px longest side",
    ),
    Fact(
        "marks",
        "count",
        "0..",
        "groups of small things with hard edges further than 3 % of the longest side from the subject: letters, a watermark, specks; joined across 2 % of it; "
        "none is what hangs together with the subject by anything that differs from the background",
    ),
    Fact(
        "text_outside",
        "count",
        "0.., none without the extra `ocr` and without a plain background",
        "letters and digits of lines of words of which 30 % at least lie beyond the product and its openings, read at 1000 px longest side by rapidocr where "
        "`marks` or small `pieces` are, in `packshot check` everywhere; lines of fewer than 3 different signs are chains and rings. About .2 s, everywhere .5",
    ),
    Fact("text_words", "words", "as they are read, lines parted by /; none like text_outside", "those lines from top to bottom"),
    Fact(
        "backdrop_left",
        "share",
        "0..1",
        "of the subject and what it encloses: light, neutral, flat places of at least 5.5 % of it with nothing on them, as paper seen through an opening is",
    ),
    Fact("highlight", "L*", "0..100", "CIELAB, 98th percentile of the subject: what metal and glass throw back, whatever colour dial and strap have"),
    Fact(
        "tone_a",
        "a*",
        "-128..127",
        "CIELAB median of the least colourful quarter of the subject: its metal rather than dial or strap; red is above 0, green below",
    ),
    Fact("tone_b", "b*", "-128..127", "the same; yellow is above 0, blue below"),
    Fact("colour_a", "a*", "-128..127", "CIELAB mean of all of the subject"),
    Fact("colour_b", "b*", "-128..127", "the same"),
    Fact(
        "sharpness",
        "score",
        "0..100, 0 blurred",
        "mean of the strongest 3 % of |Laplacian| of luma over the 2nd..98th percentile span of luma, x 25; at 1000 px longest side",
    ),
    Fact(
        "upscaling",
        "times",
        "1 1.5 2 3 4",
        "by which the subject could be shrunk with no detail lost: in the middle 700 px, beyond 1 / f of the finest detail its spectrum, times frequency "
        "squared, is under 3.7 % of what it is for coarse detail; blown up or out of focus",
    ),
    Fact("luminance", "level", "0..255", "median luma of the subject; of the picture's middle where none stands out", told=1),
    Fact("clipped_share", "share", "0..1", "of the subject with all channels >= 254"),
    Fact("noise", "level", "0..", "standard deviation of luma by Immerkaer's mask over the flatter half, at 1000 px longest side"),
    # the cutout, where we made one
    Fact(
        "cutout_confidence",
        "probability",
        "0..1",
        "that a person would accept the cut-out: the model's own calibration of its doubts; without one the overlap with the true outline that it expects",
    ),
    Fact("cutout_pieces", "count", "0..", "separate parts of the mask of at least 0.2 % of the photo"),
    Fact("cutout_touching_sides", "count", "0..4", "sides of the photo that the mask runs out of"),
    Fact("cutout_area", "share", "0..1", "of the photo that the mask covers", told=0.00001),
    Fact("cutout_product", "probability", "0..1", "the cut-out net's: there is a product in the photo"),
    Fact("cutout_several", "probability", "0..1", "the cut-out net's: there is more than one product; a pair or a set sold as one is one"),
    Fact("cutout_hand", "probability", "0..1", "the cut-out net's: there is a hand or a person"),
    Fact("cutout_prop", "probability", "0..1", "the cut-out net's: there is a stand, a cushion, a tag or another prop"),
    # the house: computed by the application, named here so that rules may use them
    Fact("pieces_off", "count", "0..", "difference between pieces and the product's number of pieces"),
    Fact("products_with_photo", "count", "0..", "products that hold this very photo"),
    Fact("background_kept", "flag", "", "the photo was not cut out and keeps its own background; then there are no facts of a cutout and no pieces_off"),
    Fact("has_main", "flag", "", "the image set has a main picture"),
    Fact("pictures", "count", "0..", "pictures in the image set"),
)

FACTS: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in _ALL})
