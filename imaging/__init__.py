"""Photo bytes -> cutout -> packshot -> facts. Knows no database, no network and no web.

The road: probe(original), cut_out(original), render(original, alpha, request), measure(finished file).
"""

from imaging.batch import render_paths
from imaging.compare import SAME, dhash, same_picture
from imaging.cutout import CUTOUT_VERSION, Cutout, cut_out, cutout_id
from imaging.decode import MOST_PIXELS
from imaging.errors import ImagingError, TooBig, Unreadable
from imaging.facts import FACTS, MEASURE_VERSION, Box, Fact, Facts, FactValue, Measured
from imaging.measure import measure, probe
from imaging.pipeline import Rendered, render
from imaging.preview import to_review_jpeg
from imaging.recipe import FINISH_VERSION, Recipe, RecipeError, RenderRequest, load_recipes
from imaging.segment import Segmenter, load_segmenter, shipped_model_sha256

__all__ = [
    "CUTOUT_VERSION",
    "FACTS",
    "FINISH_VERSION",
    "MEASURE_VERSION",
    "MOST_PIXELS",
    "SAME",
    "Box",
    "Cutout",
    "Fact",
    "FactValue",
    "Facts",
    "ImagingError",
    "Measured",
    "Recipe",
    "RecipeError",
    "RenderRequest",
    "Rendered",
    "Segmenter",
    "TooBig",
    "Unreadable",
    "cut_out",
    "cutout_id",
    "dhash",
    "load_recipes",
    "load_segmenter",
    "measure",
    "probe",
    "render",
    "render_paths",
    "same_picture",
    "shipped_model_sha256",
    "to_review_jpeg",
]
