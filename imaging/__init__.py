"""Photo bytes -> cutout -> packshot -> facts. Knows no database, no network and no web.

The road: probe(original), cut_out(original), render(original, alpha, request), measure(finished file).
"""

from imaging import machine  # noqa: F401  # first: it is read when numpy is imported
from imaging.adjustments import LENGTHS
from imaging.batch import plan as plan_files
from imaging.batch import render_paths
from imaging.bench import Report as BenchReport
from imaging.bench import blown_up, is_flat, peak_memory, time_render
from imaging.compare import SAME, dhash, same_picture
from imaging.consistency import Consistency, Odd, consistency
from imaging.cutout import CUTOUT_VERSION, Cutout, cut_out, cutout_id, mask_input
from imaging.decode import MOST_PIXELS, Original, big_photo_lane
from imaging.errors import Exhausted, ImagingError, TooBig, Unreadable
from imaging.facts import FACTS, Box, Fact, Facts, FactValue, Measured
from imaging.fixes import Breach, fixes, remedy, words_of
from imaging.measure import MEASURE_VERSION, measure, probe
from imaging.mending import Backdrop, Change, Switches, backdrop_of_empty_frame, shared_backdrop
from imaging.pairs import truth_of
from imaging.pipeline import Rendered, render
from imaging.preview import to_review_jpeg
from imaging.quality import quality
from imaging.quality import table as quality_table
from imaging.recipe import FINISH_VERSION, AnyRecipe, OwnRecipe, Recipe, RecipeError, RenderRequest, finishing, for_shot, load_recipes, request_id
from imaging.scales import scale_for
from imaging.segment import Segmenter, load_segmenter, shipped_model_sha256
from imaging.shoots import LEAST as LEAST_SHOOT
from imaging.shoots import backdrop_of_shoot
from imaging.words import words_reader

__all__ = [
    "CUTOUT_VERSION",
    "FACTS",
    "FINISH_VERSION",
    "LEAST_SHOOT",
    "LENGTHS",
    "MEASURE_VERSION",
    "MOST_PIXELS",
    "SAME",
    "AnyRecipe",
    "Backdrop",
    "BenchReport",
    "Box",
    "Breach",
    "Change",
    "Consistency",
    "Cutout",
    "Exhausted",
    "Fact",
    "FactValue",
    "Facts",
    "ImagingError",
    "Measured",
    "Odd",
    "Original",
    "OwnRecipe",
    "Recipe",
    "RecipeError",
    "RenderRequest",
    "Rendered",
    "Segmenter",
    "Switches",
    "TooBig",
    "Unreadable",
    "backdrop_of_empty_frame",
    "backdrop_of_shoot",
    "big_photo_lane",
    "blown_up",
    "consistency",
    "cut_out",
    "cutout_id",
    "dhash",
    "finishing",
    "fixes",
    "for_shot",
    "is_flat",
    "load_recipes",
    "load_segmenter",
    "mask_input",
    "measure",
    "peak_memory",
    "plan_files",
    "probe",
    "quality",
    "quality_table",
    "remedy",
    "render",
    "render_paths",
    "request_id",
    "same_picture",
    "scale_for",
    "shared_backdrop",
    "shipped_model_sha256",
    "time_render",
    "to_review_jpeg",
    "truth_of",
    "words_of",
    "words_reader",
]
