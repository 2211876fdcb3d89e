"""Seller accounts: added, tested, given credentials and policies. Credentials are sealed before they touch a row and never come back out to a page."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app.controls import wake_listings
from app.db import lock, record
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Listing
from app.secretbox import SecretsLost
from app.stages import creating, draft
from app.stages.arrange import arrange_existing
from app.stages.mend import PROBE_SKU
from app.work import wake

# seconds: how soon a sent picture is looked for (growing gaps), how long it may take to appear, how often a live listing and the
# account's notices are looked at. Amazon: most within 15 minutes, up to 24 hours (Seller Central help 17811)
DEFAULT_PACE: Mapping[str, Any] = {"look_gaps_s": [300, 900, 1800, 3600, 7200, 14400, 28800, 86400], "settle_s": 86_400, "live_look_s": 21_600, "poll_s": 900}
DEFAULT_POLICY: Mapping[str, Any] = {
    "publish": "ask",
    "create": False,
    "wait_s": 1800,
    "repair": "ask",
    "images_per_day": None,  # new pictures sent in 24 hours; None: as many as there are
    "listing": {},
    "recipes": {},
    "pace": {},
}
CHOICES = ("auto", "ask", "off")
_BY_NAME = (Mapping, "an object")
LISTING_SHAPES: Mapping[str, tuple[type, str]] = {  # settings that the connectors read; what else is there belongs to other connectors
    **dict.fromkeys(("product_types", "condition_types", "mapping", "attributes", "categories", "condition_ids", "policies"), _BY_NAME),
    **dict.fromkeys(("aspects", "condition_descriptors", "item"), _BY_NAME),
    **dict.fromkeys(("location", "postal_code"), (str, "text")),
    **dict.fromkeys(("dispatch_days", "calls_per_day", "feed_from"), (int, "a whole number above 0")),
}
WAIT_MAXIMUM_S = 30 * 86_400
IMAGES_MAXIMUM = 1_000_000
NEEDED = {  # by connector; one that we do not know says itself what it misses
    "amazon": ("lwa_app_id", "lwa_client_secret", "refresh_token"),
    "ebay": ("client_id", "client_secret", "refresh_token"),
}

_KEY = re.compile(r"^(?P<marketplace>[a-z0-9-]{1,32}):(?P<name>[a-z0-9][a-z0-9_-]{0,62})$")


def add_account(
    session: Session,
    kit: Kit,
    key: str,
    *,
    seller_id: str,
    credentials: Mapping[str, str],
    endpoints: Mapping[str, str] | None = None,
    policy: Mapping[str, Any] | None = None,
    practice: bool = False,
    who: str,
) -> Account:
    """A new seller account `marketplace:name`. A real one asks before each write until its first import is confirmed.

    Raises Refusal naming what is wrong: key, marketplace, seller id, credentials, endpoints or policy.
    """
    site = site_of(key)
    if session.scalar(sa.select(Account.id).where(Account.key == key)):
        raise Refusal(f"there is already an account {key}")
    if not 1 <= len(seller_id.strip()) <= 64:
        raise Refusal("a seller id has 1 to 64 characters")
    account = Account(
        key=key,
        marketplace=site.key,
        seller_id=seller_id.strip(),
        credentials=kit.box.seal(_credentials(site, credentials, practice)),
        endpoints=endpoints_of(site, endpoints or {}, practice),
        policy=_policy({**DEFAULT_POLICY, **(policy or {})}, kit.release["recipes"], confirmed=practice),
        practice=practice,
        confirmed=practice,
        stopped=False,
        created_at=kit.now(),
    )
    session.add(account)
    session.flush()
    record(session, account, "created", now=kit.now(), to=account.policy["publish"], why=f"{key}{' (practice)' if practice else ''}", who=who)
    arrange_existing(session, kit, account)
    return account


def find_account(session: Session, key: str) -> Account:
    """The account of that key. Raises Refusal where there is none."""
    account = session.scalar(sa.select(Account).where(Account.key == key))
    if account is None:
        raise Refusal(f"there is no account {key}")
    return account


def set_policy(session: Session, kit: Kit, account: Account, who: str, **changes: Any) -> None:
    """Change some of what DEFAULT_POLICY names. Raises Refusal for an unknown name or value, and for `auto` before the import is confirmed."""
    lock(session, account)
    before = {**DEFAULT_POLICY, **account.policy}
    after = _policy({**before, **changes}, kit.release["recipes"], confirmed=account.confirmed)
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    if changed:
        account.policy = after
        record(session, account, "policy", now=kit.now(), why=", ".join(f"{name}: {before.get(name)} -> {value}" for name, value in changed.items()), who=who)
        if "listing" in changed:  # what a marketplace refused to create may be mended by it: asked again
            creating.create_again(session, kit, Listing.account_id == account.id)
            draft.ask_again(session, kit, account)
        if changed.keys() & {"create", "recipes"}:
            arrange_existing(session, kit, account)
        wake_listings(session, kit, account)


def confirm_import(session: Session, kit: Kit, account: Account, who: str) -> None:
    """A person has looked at what was imported and says it is theirs: from now on the account's own policy may be `auto`."""
    if not account.confirmed:
        account.confirmed = True
        record(session, account, "confirmed", now=kit.now(), why="the first import is right", who=who)
        wake_listings(session, kit, account)


def set_credentials(session: Session, kit: Kit, account: Account, who: str, credentials: Mapping[str, str], endpoints: Mapping[str, str] | None = None) -> None:
    """Replace the credentials (and the endpoint overrides, where given). A pause of ours ends once they are accepted: tried at once. Raises Refusal."""
    site = integrations.SITES[account.marketplace]
    sealed = kit.box.seal(_credentials(site, credentials, account.practice))
    if endpoints is not None:
        account.endpoints = endpoints_of(site, endpoints, account.practice)
    account.credentials, account.authorised_until = sealed, None  # how long these hold is not known
    record(session, account, "credentials", now=kit.now(), why="new credentials", who=who)
    if account.paused is not None:
        wake(session, "mend", account.id, at=kit.now())


def hook_secret(kit: Kit) -> str:
    """What a marketplace's notifications must carry in their header: follows from the webhook secret, and does not betray it."""
    return hmac.new(kit.settings.webhook_secret.get_secret_value().encode(), b"marketplace hooks", "sha256").hexdigest()


def test_account(kit: Kit, account: Account) -> tuple[bool, str]:
    """Ask the marketplace something harmless: whether all is well, and the outcome in one sentence.

    Never raises for what is wrong out there. Slow: hold no transaction.
    """
    try:
        kit.marketplace(account).status([integrations.Ref(PROBE_SKU)])
    except integrations.NotAuthorised as error:
        return False, _sentence(f"{account.key} does not accept our credentials: {error}")
    except integrations.TryLater as error:
        return False, _sentence(f"{account.key} does not answer now: {error}")
    except integrations.IntegrationError as error:
        return False, _sentence(f"{account.key} answered and declined: {error}")
    except SecretsLost as error:
        return False, _sentence(f"{account.key}: {error}")
    except (ValueError, KeyError) as error:
        return False, _sentence(f"{account.key} is not set up rightly: {error}")
    return True, f"{account.key} answers and accepts our credentials."


test_account.__test__ = False  # type: ignore[attr-defined]  # its name is not a test's, wherever it is imported


def practice_endpoints(connector: str, base: str) -> dict[str, str]:
    """The endpoint overrides of a practice account; `base` is the address of the practice marketplaces."""
    if connector == "amazon":
        return {"api": base, "token": f"{base}/auth/o2/token", "consent": f"{base}/apps/authorize/consent"}
    token = f"{base}/identity/v1/oauth2/token"
    rest = {"media": "commerce/media/v1_beta", "taxonomy": "commerce/taxonomy/v1", "inventory": "sell/inventory/v1", "consent": "oauth2/authorize"}
    return {"trading": f"{base}/ws/api.dll", "token": token, **{name: f"{base}/{path}" for name, path in rest.items()}}


def site_of(key: str) -> integrations.Site:
    """The marketplace of an account key. Raises Refusal."""
    found = _KEY.fullmatch(key)
    if found is None:
        raise Refusal(f"{key!r} is no account key: it is marketplace:name, as amazon-uk:main")
    if found["marketplace"] not in integrations.SITES:
        raise Refusal(f"there is no marketplace {found['marketplace']}; there are {', '.join(integrations.SITES)}")
    return integrations.SITES[found["marketplace"]]


def _credentials(site: integrations.Site, given: Mapping[str, str], practice: bool) -> dict[str, str]:
    """The credentials, stripped. A refusal names fields, never values."""
    values = {name: value.strip() for name, value in given.items() if isinstance(value, str) and value.strip()}
    if bad := [name for name, value in given.items() if not isinstance(value, str)]:
        raise Refusal(f"credentials: {', '.join(bad)} must be text")
    missing = [name for name in NEEDED.get(site.connector, ()) if name not in values and not practice]
    if missing or not values:
        raise Refusal(f"credentials: {', '.join(missing) or 'all'} missing")
    return values


def endpoints_of(site: integrations.Site, given: Mapping[str, str], practice: bool) -> dict[str, str]:
    """Endpoint overrides: https; plain http only to this machine and only for a practice account."""
    for name, url in given.items():
        if name not in site.endpoints:
            raise Refusal(f"endpoints: {site.key} has no {name}; it has {', '.join(site.endpoints)}")
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            raise Refusal(f"endpoints: {name} is no web address") from None
        if not host or parts.username or parts.query or parts.fragment:
            raise Refusal(f"endpoints: {name} must be a plain web address, without user, query or fragment")
        if parts.scheme != "https" and not (parts.scheme == "http" and practice and _is_loopback(host)):
            raise Refusal(f"endpoints: {name} must be https; plain http is for practice accounts on this machine")
        if practice and not _is_loopback(host):
            raise Refusal(f"endpoints: {name} of a practice account must be on this machine, not {host}")
    return {name: url.rstrip("/") for name, url in given.items()}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _policy(policy: Mapping[str, Any], recipes: Mapping[str, Any], *, confirmed: bool) -> dict[str, Any]:
    if unknown := sorted(set(policy) - set(DEFAULT_POLICY)):
        raise Refusal(f"policy: there is no {', '.join(unknown)}; there are {', '.join(DEFAULT_POLICY)}")
    for name in ("publish", "repair"):
        if policy[name] not in CHOICES:
            raise Refusal(f"policy: {name} is one of {', '.join(CHOICES)}")
    if policy["publish"] == "auto" and not confirmed:
        raise Refusal("policy: publish stays ask until the first import is confirmed")
    if not isinstance(policy["create"], bool):
        raise Refusal("policy: create is true or false")
    wait = policy["wait_s"]
    if isinstance(wait, bool) or not isinstance(wait, int) or not 0 <= wait <= WAIT_MAXIMUM_S:
        raise Refusal(f"policy: wait_s is a whole number of seconds from 0 to {WAIT_MAXIMUM_S}")
    images = policy["images_per_day"]
    if images is not None and (isinstance(images, bool) or not isinstance(images, int) or not 1 <= images <= IMAGES_MAXIMUM):
        raise Refusal(f"policy: images_per_day is a whole number from 1 to {IMAGES_MAXIMUM}, or null for as many as there are")
    _check_listing(policy["listing"])
    if not isinstance(policy["recipes"], Mapping) or not all(isinstance(name, str) for name in policy["recipes"].values()):
        raise Refusal("policy: recipes maps a position to the name of a recipe")
    if unknown := sorted(set(policy["recipes"].values()) - set(recipes)):
        raise Refusal(f"policy: there is no recipe {', '.join(unknown)}; there are {', '.join(sorted(recipes))}")
    main = policy["recipes"].get("main")
    if main is not None and recipes[main].get("background") == "own":
        raise Refusal(f"policy: {main} keeps the photo's own background, and a main picture needs white")
    return {**policy, "listing": dict(policy["listing"]), "recipes": dict(policy["recipes"]), "pace": _pace(policy["pace"])}


def _check_listing(listing: Any) -> None:
    """Refusal that names the setting of the wrong shape: a connector would stumble over it again and again."""
    if not isinstance(listing, Mapping):
        raise Refusal("policy: listing is an object")
    for name, value in listing.items():
        shape, words = LISTING_SHAPES.get(name, (object, ""))
        number = isinstance(value, int) and not isinstance(value, bool) and value > 0
        if not (number if shape is int else isinstance(value, shape)):
            raise Refusal(f"policy: listing.{name} is {words}, not {type(value).__name__} {str(value)[:40]!r}")


def _pace(pace: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(pace, Mapping) or (unknown := sorted(set(pace) - set(DEFAULT_PACE))):
        raise Refusal(f"policy: pace has {', '.join(DEFAULT_PACE)}" + (f", not {', '.join(unknown)}" if isinstance(pace, Mapping) else ""))
    made = {**DEFAULT_PACE, **pace}
    for name, value in made.items():
        seconds = value if name == "look_gaps_s" and isinstance(value, list) and value else [value]
        if not all(isinstance(s, int | float) and not isinstance(s, bool) and 0 < s <= WAIT_MAXIMUM_S for s in seconds):
            raise Refusal(f"policy: pace {name} is in seconds, more than 0 and at most {WAIT_MAXIMUM_S}")
    return made


def _sentence(text: str) -> str:
    one_line = " ".join(integrations.redact(text).split())[:500]
    return one_line if one_line.endswith((".", "!", "?")) else f"{one_line}."
