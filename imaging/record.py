"""How a finished picture was made, in the file itself: a small XMP packet that names the render request and nothing of product or seller."""

from __future__ import annotations

import io
from xml.etree import ElementTree

from PIL import Image, UnidentifiedImageError

from imaging.errors import Unreadable
from imaging.recipe import RenderRequest

NAMESPACE = "https://packshot.invalid/ns/1.0/"  # a name, not an address
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_FIELDS = ("request", "photo", "cutout", "recipe", "finish")


def xmp_of(request: RenderRequest) -> bytes:
    """The packet of a picture made by `request`; the same bytes for the same request (XMP specification part 1, ISO 16684-1)."""
    values = {"request": request.id, "photo": request.photo, "cutout": request.cutout, "recipe": request.recipe.name, "finish": str(request.finish)}
    ElementTree.register_namespace("x", "adobe:ns:meta/")
    ElementTree.register_namespace("rdf", _RDF)
    ElementTree.register_namespace("packshot", NAMESPACE)
    root = ElementTree.Element("{adobe:ns:meta/}xmpmeta")
    about = ElementTree.SubElement(ElementTree.SubElement(root, f"{{{_RDF}}}RDF"), f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    for name in _FIELDS:
        about.set(f"{{{NAMESPACE}}}{name}", values[name])
    return b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>' + ElementTree.tostring(root) + b'<?xpacket end="r"?>'


def record_of(data: bytes) -> dict[str, str] | None:
    """What a file says of how it was made - request, photo, cutout, recipe, finish - or None where it is not a picture of ours. Raises Unreadable.

    A marketplace strips it; then only the pixels tell (`same_picture`).
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            packet = image.info.get("xmp", b"")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Unreadable(f"not a JPEG that can be read ({error})") from error
    if not isinstance(packet, bytes) or NAMESPACE.encode() not in packet or b"<!" in packet:  # no document type: no entities to expand
        return None
    try:
        root = ElementTree.fromstring(packet.partition(b"?>")[2].rpartition(b"<?xpacket")[0])  # noqa: S314 entities need a document type
    except ElementTree.ParseError:
        return None
    about = root.find(f"{{{_RDF}}}RDF/{{{_RDF}}}Description")
    if about is None:
        return None
    found = {name: about.get(f"{{{NAMESPACE}}}{name}", "") for name in _FIELDS}
    return found if all(found.values()) else None
