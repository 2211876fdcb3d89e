"""How a finished picture was made, in the file itself: a small XMP packet that names the render request and nothing of product or seller."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from imaging.recipe import RenderRequest

NAMESPACE = "https://packshot.invalid/ns/1.0/"  # a name, not an address


def xmp_of(request: RenderRequest) -> bytes:
    """The packet of a picture made by `request`; the same bytes for the same request (XMP specification part 1, ISO 16684-1)."""
    cutout = {} if request.cutout is None else {"cutout": request.cutout}
    values = {"request": request.id, "photo": request.photo, **cutout, "recipe": request.recipe.name, "finish": str(request.finish)}
    about = " ".join(f"packshot:{name}={quoteattr(value)}" for name, value in values.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:packshot="{NAMESPACE}" {about}/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()
