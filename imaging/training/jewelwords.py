"""The words random jewellery is made of: stones, cuts, shapes, links, metals and forms with their shares. Data only."""

from __future__ import annotations

import numpy as np

from imaging.training.catalogue import Colour

# name -> (look, linear colour, refractive index); the looks are drawn in gems.py
GEMS: dict[str, tuple[str, Colour, float]] = {
    "diamond": ("clear", (0.97, 0.98, 1.0), 2.1),
    "sapphire": ("clear", (0.06, 0.13, 0.65), 1.77),
    "ruby": ("clear", (0.75, 0.02, 0.07), 1.77),
    "emerald": ("clear", (0.04, 0.5, 0.2), 1.58),
    "amethyst": ("clear", (0.45, 0.15, 0.72), 1.55),
    "citrine": ("clear", (0.95, 0.6, 0.12), 1.55),
    "aquamarine": ("clear", (0.55, 0.83, 0.92), 1.58),
    "topaz": ("clear", (0.25, 0.6, 0.88), 1.62),
    "peridot": ("clear", (0.5, 0.76, 0.13), 1.66),
    "garnet": ("clear", (0.4, 0.01, 0.02), 1.75),
    "morganite": ("clear", (0.95, 0.66, 0.62), 1.58),
    "smoky quartz": ("clear", (0.33, 0.22, 0.14), 1.55),
    "pink tourmaline": ("clear", (0.85, 0.15, 0.4), 1.63),
    "turquoise": ("veined", (0.1, 0.55, 0.55), 1.6),
    "lapis": ("veined", (0.02, 0.06, 0.32), 1.5),
    "howlite": ("veined", (0.8, 0.8, 0.78), 1.6),
    "onyx": ("plain", (0.008, 0.008, 0.01), 1.5),
    "coral": ("plain", (0.8, 0.16, 0.1), 1.5),
    "jade": ("plain", (0.2, 0.48, 0.24), 1.6),
    "white enamel": ("plain", (0.85, 0.85, 0.83), 1.5),
    "malachite": ("banded", (0.01, 0.3, 0.13), 1.7),
    "tiger eye": ("banded", (0.42, 0.2, 0.04), 1.5),
    "agate": ("banded", (0.6, 0.42, 0.3), 1.5),
    "moonstone": ("milky", (0.86, 0.9, 0.95), 1.52),
    "rose quartz": ("milky", (0.92, 0.62, 0.64), 1.54),
    "carnelian": ("milky", (0.72, 0.14, 0.03), 1.54),
    "opal": ("opal", (0.8, 0.85, 0.85), 1.45),
    "white pearl": ("pearl", (0.86, 0.82, 0.77), 1.5),
    "grey pearl": ("pearl", (0.2, 0.21, 0.23), 1.5),
    "pink pearl": ("pearl", (0.84, 0.62, 0.57), 1.5),
    "gold pearl": ("pearl", (0.78, 0.6, 0.32), 1.5),
}
CLEAR = tuple(k for k, v in GEMS.items() if v[0] == "clear")
OPAQUE = tuple(k for k, v in GEMS.items() if v[0] in ("veined", "plain", "banded", "milky", "opal"))
PEARLS = tuple(k for k, v in GEMS.items() if v[0] == "pearl")
FACETED = ("brilliant", "oval", "pear", "marquise", "cushion", "princess", "emerald")
CABOCHONS = ("cabochon", "oval cabochon", "pear cabochon", "square cabochon")
SHAPES = ("heart", "star", "cross", "drop", "leaf", "moon", "disc", "hexagon", "bar", "clover", "square", "wing")
CHARMS = (
    *SHAPES,
    "locket",
    "letter",
    "name",
    "karma",
    "rings",
    "halo",
    "pearl",
    "tassel",
    "bars",
    "oval",
    "pear",
    "marquise",
    "emerald",
    "cushion",
    "oval cabochon",
)
LINKS = ("cable", "paperclip", "belcher", "oval", "curb", "flat curb", "figaro", "rope", "box", "snake", "herringbone", "ball", "satellite", "mesh")
STRANDS = ("pearls", "beads", "chips")
METALS = (
    "gold",
    "silver",
    "white gold",
    "rose gold",
    "steel",
    "platinum",
    "pale gold",
    "red gold",
    "oxidised",
    "copper",
    "brass",
    "bronze",
    "gunmetal",
    "black",
    "titanium",
)
METAL_SHARES = np.array([24, 20, 13, 11, 8, 4, 5, 2, 4, 1.5, 2, 1.5, 1.5, 1.5, 1])
PLAIN = ("gold", "silver", "white gold", "rose gold", "steel", "black")  # what the older forms know

# form -> (kind, share of all pieces in percent)
FORMS: dict[str, tuple[str, float]] = {
    "ring": ("ring", 21.0),
    "stacked": ("ring", 3.0),
    "solitaire": ("ring", 1.5),
    "halo": ("ring", 1.0),
    "band": ("ring", 1.0),
    "necklace": ("chain", 22.0),
    "pendant": ("pendant", 1.0),
    "medal": ("pendant", 1.0),
    "bracelet": ("bracelet", 13.0),
    "curb": ("bracelet", 0.5),
    "round_bangle": ("bangle", 8.0),
    "open_band": ("bangle", 5.0),
    "bangle": ("bangle", 0.5),
    "hoop_pair": ("earrings", 6.0),
    "studs": ("earrings", 3.5),
    "dangles": ("earrings", 5.0),
    "ear_cuff": ("earrings", 1.0),
    "hoops": ("earrings", 0.5),
    "drops": ("earrings", 0.5),
    "brooch": ("brooch", 2.5),
    "loose": ("stone", 2.0),
    "cufflinks": ("cufflinks", 1.5),
}
