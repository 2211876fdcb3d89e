"""How values read on a page: money, times, states, findings. Pure, given to templates as filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, request, url_for
from markupsafe import Markup

import imaging
from app import views
from app.models import Lesson, Product
from app.web.session import kit
from integrations import SITES, to_decimal

SIGNS = {"GBP": "£", "USD": "$", "EUR": "€"}
BRANDS = {"amazon": "Amazon", "ebay": "eBay"}

# state or word -> tone; what is not named is quiet
TONES = {
    **views.TONES,
    **dict.fromkeys(("unprovable", "approved", "accepted", "published", "filed", "proven", "back", "rendered", "in force", "complete"), "good"),
    **dict.fromkeys(("sent", "to_send", "processing", "waiting", "received", "queued", "sending", "out", "gathering", "looking"), "busy"),
    **dict.fromkeys(("review", "missing", "ready for review", "flagged", "at_risk", "unmatched", "warning", "retouch", "proposed", "warn", "unknown"), "warn"),
    **dict.fromkeys(("refused", "drifted", "rejected", "failed", "stop"), "bad"),
}  # fmt: skip

STATE_WORDS = {
    "to_send": "to send",
    "sent": "sent, not yet seen",
    "unprovable": "cannot be proven",
    "at_risk": "at risk",
    "retouch": "at retouch",
    "review": "for review",
    "unmatched": "no SKU found",
    "flagged": "for review",
    "filed": "taken in",
    "refused": "refused",
    "vacant": "empty",
    "missing": "something is missing",
    "complete": "nothing is missing",
    "looking": "being looked at",
    "unasked": "not asked yet",
}

KIND_WORDS = {"imagesetitem": "photo", "placement": "picture", "arrival": "file", "push": "sending"}

EXCUSE_WORDS = {"waiver": "Waived", "baseline": "Known", "override": "Overridden"}
UNITS = ("px", "MP")  # of facts, as a person reads them; the others are shares, levels, counts and words
LEVEL_WORDS = {"stop": "Stops", "review": "For a person", "warn": "Note"}


def tone(word: str | None) -> str:
    """good | busy | warn | bad | quiet."""
    return TONES.get(str(word or ""), "quiet")


def state_words(state: str | None) -> str:
    """A state as a person says it."""
    return STATE_WORDS.get(str(state or ""), str(state or "").replace("_", " "))


def kind_words(kind: str) -> str:
    """What an event is about, as a person says it."""
    return KIND_WORDS.get(kind, kind)


def money(minor: int | None, currency: str | None) -> str:
    """`£1,234.00`; nothing for no price."""
    if minor is None or not currency:
        return ""
    return f"{SIGNS.get(currency, currency + ' ')}{Decimal(to_decimal(minor, currency)):,}"


def worth(product: Product) -> str:
    """Price of one."""
    return money(product.price_minor, product.currency)


def ago(at: datetime | None) -> Markup:
    """`5 min ago`, with the full time under the pointer."""
    if at is None:
        return Markup("")
    seconds = (kit().now() - at).total_seconds()
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(timespec="seconds"), f"{at:%d %b %Y, %H:%M} UTC", _span(seconds))


def _span(seconds: float) -> str:
    late = seconds >= 0
    size = abs(seconds)
    for limit, unit, word in ((45, 1, ""), (3600, 60, "min"), (86_400, 3600, "h"), (86_400 * 45, 86_400, "d"), (86_400 * 700, 86_400 * 30.4, "months")):
        if size < limit:
            if not word:
                return "just now" if late else "in a moment"
            number = f"{max(1, round(size / unit))} {word}"
            return f"{number} ago" if late else f"in {number}"
    return f"{size / 86_400 / 365:.0f} years ago"


def when(at: datetime | None) -> Markup:
    """`23 Nov 2026, 21:56` in UTC."""
    if at is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), f"{at:%d %b %Y, %H:%M}")


def number(value: object) -> str:
    """A fact's value: as many digits as a person compares."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 999.5 else f"{value:,.0f}"  # which `g` would round to 1e+03
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(number(v) for v in value)
    return "not measured" if value is None else str(value) or "nothing"


def fact_words(fact: str | None) -> str:
    """`border_min_level` -> `border min level`."""
    return (fact or "").replace("_", " ")


def unit_words(fact: str | None) -> str:
    """` px` after a fact that is told in pixels; nothing after shares, levels and words."""
    known = imaging.FACTS.get(fact or "")
    return f" {known.unit}" if known is not None and known.unit in UNITS else ""


def position_words(position: str) -> str:
    """`main` -> `Main`, `alt3` -> `Alt 3`."""
    return "Main" if position == "main" else position.replace("alt", "Alt ")


def account_words(key: str) -> str:
    """`amazon-uk:main` -> `Amazon UK`; with the seller's own name of the account where it is not `main`."""
    marketplace, _, name = key.partition(":")
    site = SITES.get(marketplace)
    brand, _, country = marketplace.partition("-")
    words = f"{BRANDS.get(site.connector if site else brand, brand.title())} {country.upper()}".strip()
    return words if name in ("", "main") else f"{words} ({name})"


def where_words(where: str) -> str:
    """`alt1 on amazon-uk:main` -> `Alt 1 on Amazon UK`; anything else as it is."""
    position, on, key = where.partition(" on ")
    return f"{position_words(position)} on {account_words(key)}" if on and key.partition(":")[0] in SITES else where


def measured_words(finding: Mapping[str, Any]) -> str:
    """`fill: 0.79, limit 0.85`, `longest side: 900 px, limit 1,000 px`."""
    if finding.get("fact") is None:
        return ""
    value, limit = finding.get("value"), finding.get("limit")
    shown = number(value)
    if isinstance(value, float) and value != limit and shown == number(limit):  # so near that rounding hides it
        shown = f"{value:.6g}"
    unit = unit_words(finding["fact"])
    return f"{fact_words(finding['fact'])}: {shown}{unit}, limit {number(limit)}{unit}"


def standing_words(finding: Mapping[str, Any]) -> str:
    """How a finding stands: `Waived`, `Known` or `Overridden` where somebody answers for it, else what its level means."""
    excuse = finding.get("excused")
    return EXCUSE_WORDS.get(excuse["by"], str(excuse["by"])) if excuse else LEVEL_WORDS.get(finding["level"], str(finding["level"]))


def excuse_words(finding: Mapping[str, Any]) -> str:
    """`by ann until 30 Nov 2026: “the old stock is all there is”`; nothing where nobody answers for it."""
    excuse = finding.get("excused")
    if not excuse:
        return ""
    until = f" until {datetime.fromisoformat(excuse['until']):%d %b %Y}" if excuse.get("until") else ""
    known = "in the baseline taken " if excuse["by"] == "baseline" else ""
    return f"{known}by {excuse['who']}{until}: “{excuse['why']}”"


def lesson_words(subject: str) -> str:
    """`amazon:reason:too-small:3fa2c1` -> `Amazon: too small`; a code that nobody has translated keeps its number."""
    authority, _, rest = subject.partition(":")
    kind, _, word = rest.partition(":")
    word = word.rpartition(":")[0] or word  # the last part names the rules that it is laid at
    brand = BRANDS.get(authority, authority.title())
    return f"{brand}: {word.replace('-', ' ')}" if kind == "reason" else f"{brand}: code {word}" if kind == "code" else f"{brand}: {rest}"


def lesson_line(lesson: Lesson) -> str:
    """A lesson in one sentence: what is proposed, else how far the evidence is."""
    weighed = lesson.weighed
    if weighed and weighed.get("outcome") != "propose":
        return str(weighed["words"])
    return str(lesson.proposal.get("summary") or lesson.subject)


def source_words(path: str) -> str:
    """`attributes.dial_colour` -> `attribute dial colour`, `size_mm.case` -> `size case, mm`."""
    head, _, name = path.partition(".")
    words = name.replace("_", " ")
    return {"attributes": f"attribute {words}", "size_mm": f"size {words}, mm"}.get(head, path) if name else {"gtin": "GTIN"}.get(path, path)


def picture(kind: str, sha256: str | None, width: int = 320) -> str:
    """The address of a preview for signed-in people; kind is photo, file or alpha."""
    return url_for("pictures.preview", kind=kind, sha256=sha256, w=width) if sha256 else ""


def same_page(**changes: object) -> str:
    """This page's address with some of its query changed; None takes one away."""
    kept = {name: value for name, value in {**request.args.to_dict(), **changes}.items() if value not in (None, "")}
    return quote(request.path) + ("?" + urlencode(kept) if kept else "")


def init_app(app: Flask) -> None:
    """Filters and globals for templates."""
    for name, function in (
        ("tone", tone), ("state_words", state_words), ("ago", ago), ("when", when), ("number", number), ("fact_words", fact_words),
        ("position_words", position_words), ("unit_words", unit_words), ("account_words", account_words), ("measured_words", measured_words),
        ("where_words", where_words), ("standing_words", standing_words), ("excuse_words", excuse_words), ("kind_words", kind_words),
        ("lesson_words", lesson_words), ("lesson_line", lesson_line), ("source_words", source_words),
    ):  # fmt: skip
        app.jinja_env.filters[name] = function
    app.jinja_env.globals.update(money=money, worth=worth, picture=picture, same_page=same_page)
