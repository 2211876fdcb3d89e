"""A finished file names the request that it was made by."""

from __future__ import annotations

import io
from xml.etree import ElementTree

from PIL import Image

from imaging import Recipe, RenderRequest, render
from imaging.record import NAMESPACE, xmp_of
from tests import shots


def test_a_finished_picture_tells_its_request(recipe: Recipe) -> None:
    request = RenderRequest(photo="a" * 64, cutout="b" * 64, recipe=recipe)

    rendered = render(shots.watch_photo(size=(300, 300)), shots.watch_alpha(size=(300, 300)), request)

    with Image.open(io.BytesIO(rendered.data)) as image:
        packet = image.info["xmp"]
    told = ElementTree.fromstring(packet)[0][0].attrib
    assert {name.removeprefix(f"{{{NAMESPACE}}}"): value for name, value in told.items() if NAMESPACE in name} == {
        "request": request.id,
        "photo": "a" * 64,
        "cutout": "b" * 64,
        "recipe": recipe.name,
        "finish": str(request.finish),
    }


def test_the_packet_is_the_same_every_time_and_whatever_stands_in_it_is_well_formed(recipe: Recipe) -> None:
    request = RenderRequest(photo='a"<&', cutout="c", recipe=recipe)

    assert xmp_of(request) == xmp_of(RenderRequest.from_dict(request.to_dict()))
    assert ElementTree.fromstring(xmp_of(request))[0][0].attrib[f"{{{NAMESPACE}}}photo"] == 'a"<&'
