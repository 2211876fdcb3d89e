"""Connecting a seller's account by their own consent (OAuth 2 authorization code): where to send them, and what the code they come back with is worth.

Amazon: docs/website-authorization-workflow. eBay: oauth-consent-request.html and oauth-auth-code-grant-request.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import requests

from integrations.errors import NotAuthorised, Refused, TryLater
from integrations.marketplace import Access

__all__ = ["FIELDS", "Granted", "address", "exchange"]

# what a developer application has, by connector: asked of the seller before they are sent to the marketplace
FIELDS: Mapping[str, tuple[str, ...]] = {"amazon": ("application_id", "lwa_app_id", "lwa_client_secret"), "ebay": ("client_id", "client_secret", "ru_name")}
_TIMEOUT = (5, 30)
_DAY = 86_400


@dataclass(frozen=True)
class Granted:
    """A seller said yes: the credentials of their account, their id, and the seconds until they must be asked again (None: not told)."""

    credentials: Mapping[str, str]
    seller_id: str
    lifetime: float | None


def address(access: Access, state: str, redirect: str) -> str:
    """Where the seller signs in and says yes or no; `state` comes back with the answer, to `redirect`. Refused where fields are missing."""
    given = _application(access)
    if access.site.connector == "amazon":
        query = {"application_id": given["application_id"], "state": state, "redirect_uri": redirect}
    else:
        from integrations.ebay.client import SCOPE

        # eBay knows `redirect` by the RuName under which it was registered
        query = {"client_id": given["client_id"], "redirect_uri": given["ru_name"], "response_type": "code", "scope": SCOPE, "state": state}
    return f"{access.endpoint('consent')}?{urlencode(query)}"


def exchange(access: Access, answer: Mapping[str, str], redirect: str) -> Granted:
    """The credentials for what came back with the seller: `answer` is the query of `redirect`. Slow: one or two calls.

    Raises Refused where the seller said no or the code is not good, TryLater where the marketplace does not answer.
    """
    given = _application(access)
    if access.site.connector == "amazon":
        seller, code = answer.get("selling_partner_id", ""), answer.get("spapi_oauth_code", "")
        form = {"redirect_uri": redirect, "client_id": given["lwa_app_id"], "client_secret": given["lwa_client_secret"]}
        auth = None
    else:
        seller, code, form = "", answer.get("code", ""), {"redirect_uri": given["ru_name"]}
        auth = (given["client_id"], given["client_secret"])
    if not code or (access.site.connector == "amazon" and not seller):
        raise Refused(f"{access.account}: {answer.get('error_description') or answer.get('error') or 'no consent came back'}")
    told = _asked(access, {"grant_type": "authorization_code", "code": code, **form}, auth)
    credentials = {**given, "refresh_token": str(told["refresh_token"])}
    if access.site.connector == "ebay":
        seller = _ebay_user(replace(access, credentials=credentials))
        return Granted(credentials, seller, float(told["refresh_token_expires_in"]) if told.get("refresh_token_expires_in") else None)
    days = access.site.limits.get("authorisation_days")
    return Granted(credentials, seller, days * _DAY if days else None)


def _application(access: Access) -> dict[str, str]:
    fields = FIELDS.get(access.site.connector)
    if fields is None:
        raise Refused(f"{access.account}: accounts of this marketplace are not connected by consent; enter the credentials")
    if missing := [name for name in fields if not access.credentials.get(name)]:
        words = "what the marketplace gave your developer application; `packshot accounts add --replace` takes it with the credentials"
        raise Refused(f"{access.account}: {', '.join(missing)} missing: {words}")
    return {name: access.credentials[name] for name in fields}


def _asked(access: Access, form: Mapping[str, str], auth: tuple[str, str] | None) -> Mapping[str, Any]:
    try:
        with requests.Session() as session:
            session.trust_env = not access.allow_loopback
            response = session.post(access.endpoint("token"), data=dict(form), auth=auth, timeout=_TIMEOUT, allow_redirects=False)
        told = response.json()
    except requests.RequestException as error:  # an answer that is no JSON is one too
        raise TryLater(30, f"{access.account}: token service: {type(error).__name__}") from None
    if response.status_code == 200 and isinstance(told, dict) and told.get("refresh_token"):
        return told
    if 400 <= response.status_code < 500 and response.status_code != 429 and isinstance(told, dict):
        raise Refused(f"{access.account}: the consent was not accepted: {told.get('error')}: {told.get('error_description')}; begin again")
    raise TryLater(30, f"{access.account}: token service answered HTTP {response.status_code}")


def _ebay_user(access: Access) -> str:
    """Who said yes: eBay does not say it with the token."""
    from integrations.ebay.client import EbayClient

    reply, _ = EbayClient(access).trading("GetUser", {})
    user = str((reply.get("User") or {}).get("UserID") or "")
    if not user:
        raise NotAuthorised(f"{access.account}: eBay did not say whose account this is")
    return user
