"""Small frames to try a step on."""

from __future__ import annotations

import numpy as np
from PIL import Image

from imaging.frame import Frame
from imaging.recipe import load_recipes

RECIPE = load_recipes()["amazon-main"].model_copy(update={"width_px": 400, "height_px": 400})


def block(size: tuple[int, int] = (200, 100), box: tuple[int, int, int, int] = (80, 20, 120, 80), colour: tuple[int, int, int] = (200, 30, 30)) -> Frame:
    """A plain block of colour on grey, with its exact alpha."""
    image = Image.new("RGB", size, (128, 128, 128))
    image.paste(colour, box)
    alpha = np.zeros((size[1], size[0]), np.uint8)
    alpha[box[1] : box[3], box[0] : box[2]] = 255
    return Frame(image=image, alpha=alpha, photo_size=size, rgb=np.asarray(image))
