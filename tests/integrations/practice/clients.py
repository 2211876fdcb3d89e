"""The real SDKs pointed at the practice marketplaces, hardened only as far as plain http on loopback needs."""

import types
from typing import Any
from xml.sax.saxutils import escape

import requests
from ebaysdk.trading import Connection
from sp_api.api import CatalogItemsV20220401, ListingsItemsV20210801
from sp_api.auth import AccessTokenClient
from sp_api.auth.access_token_client import cache
from sp_api.base.credential_provider import FromCodeCredentialProvider

UK = "A1F83G8C2ARO7P"
_OPEN: list[Any] = []


def amazon(url: str, seller: str = "SELLER", api: Any = ListingsItemsV20210801) -> Any:
    address = url.removeprefix("http://")
    tokens = type("LocalTokens", (AccessTokenClient,), {"scheme": "http://", "host": address})
    client = api(
        marketplace=types.SimpleNamespace(endpoint=url, marketplace_id=UK, region="eu-west-1"),
        credentials={"lwa_app_id": "id", "lwa_client_secret": "secret", "refresh_token": f"practice-{seller}"},
        credential_providers=(FromCodeCredentialProvider,),
        auth_token_client_class=tokens,
        timeout=30,
    )
    _OPEN.extend([client, client._auth])
    return client


def forget() -> None:
    """Close what the SDK keeps open, and drop its tokens, which it keeps for the whole process."""
    while _OPEN:
        _OPEN.pop()._transport.close()
    cache.clear()


def catalog(url: str, seller: str = "SELLER") -> Any:
    return amazon(url, seller, CatalogItemsV20220401)


def amazon_headers(url: str, seller: str = "SELLER") -> dict[str, str]:
    form = {"grant_type": "refresh_token", "client_id": "id", "client_secret": "secret", "refresh_token": f"practice-{seller}"}
    return {"x-amz-access-token": requests.post(f"{url}/auth/o2/token", data=form, timeout=10).json()["access_token"]}


def pictures_patch(product_type: str = "WATCH", **urls: str) -> dict[str, Any]:
    patches = [{"op": "replace", "path": f"/attributes/{name}", "value": [{"media_location": url, "marketplace_id": UK}]} for name, url in urls.items()]
    return {"productType": product_type, "patches": patches}


def new_watch(main: str | None, title: str = "A watch") -> dict[str, Any]:
    here = {"marketplace_id": UK}
    attributes: dict[str, Any] = {
        "item_name": [{"value": title, "language_tag": "en_GB", **here}],
        "brand": [{"value": "Ours", **here}],
        "condition_type": [{"value": "new_new", **here}],
        "purchasable_offer": [{"currency": "GBP", "our_price": [{"schedule": [{"value_with_tax": 120.0}]}], **here}],
        "fulfillment_availability": [{"fulfillment_channel_code": "DEFAULT", "quantity": 3}],
        "supplier_declared_has_product_identifier_exemption": [{"value": True, **here}],
    }
    if main:
        attributes["main_product_image_locator"] = [{"media_location": main, **here}]
    return {"productType": "WATCH", "requirements": "LISTING", "attributes": attributes}


def ebay_token(url: str, seller: str = "SELLER") -> str:
    form = {"grant_type": "refresh_token", "refresh_token": f"practice-{seller}"}
    return str(requests.post(f"{url}/identity/v1/oauth2/token", data=form, auth=("id", "secret"), timeout=10).json()["access_token"])


class Trading(Connection):  # type: ignore[misc]
    """One call each: `Trading(url, token).execute(...)`."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        super().__init__(config_file=None, iaf_token=token, siteid="3", compatibility="1421", appid="", devid="", certid="", timeout=(5, 60), warnings=False)

    def build_request_url(self, verb: str) -> str:
        return f"{self.url}/ws/api.dll"


def upload(url: str, token: str, data: bytes) -> requests.Response:
    address = f"{url}/commerce/media/v1_beta/image/create_image_from_file"
    return requests.post(address, headers={"Authorization": f"Bearer {token}"}, files={"image": ("w.jpg", data, "image/jpeg")}, timeout=30)


def new_item(pictures: list[str], **over: Any) -> dict[str, Any]:
    item = {
        "Title": escape("A watch & a box"),
        "Description": "Ours",
        "PrimaryCategory": {"CategoryID": "31387"},
        "StartPrice": "120.00",
        "Currency": "GBP",
        "Country": "GB",
        "ConditionID": "1000",
        "Quantity": "1",
        "ListingDuration": "GTC",
        "SKU": "W-1",
        "ItemSpecifics": {"NameValueList": [{"Name": "Brand", "Value": "Ours"}, {"Name": "Type", "Value": "Wristwatch"}]},
        "PictureDetails": {"PictureURL": pictures},
    }
    return {"Item": {name: value for name, value in {**item, **over}.items() if value is not None}}
