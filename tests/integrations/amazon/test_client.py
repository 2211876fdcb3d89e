"""The verbs over a scripted transport: what is sent, what is believed, what is refused."""

import base64
import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from integrations import OutcomeUnknown, Ref, Refused, TryLater
from integrations.amazon.marketplace import Amazon
from tests.integrations.accounts import access, offer, picture, product
from tests.integrations.amazon.wire import ACCEPTED, LISTED, Wire, client

NOT_THERE = httpx.Response(404, json={"errors": [{"code": "NOT_FOUND", "message": "no"}]})


def test_http_200_with_status_invalid_is_refused_with_their_words() -> None:
    issue = {"code": "90220", "message": "'brand' is required", "severity": "ERROR", "categories": ["MISSING_ATTRIBUTE"], "attributeNames": ["brand"]}
    wire = Wire(GET=LISTED, PATCH={**ACCEPTED, "status": "INVALID", "issues": [issue]})

    with pytest.raises(Refused, match="'brand' is required") as caught:
        Amazon(access(), wire.transport).publish(offer())

    assert caught.value.issues[0].code == "90220"


def test_an_existing_listing_is_patched_with_image_attributes_only() -> None:
    wire = Wire(GET=LISTED, PATCH=ACCEPTED)

    receipt = Amazon(access(), wire.transport).publish(offer(create=True))

    assert receipt.external_id == "B000000001"
    assert receipt.reference == "sub-1"
    [body] = wire.bodies("PATCH")
    assert body["productType"] == "WATCH"
    assert [(patch["op"], patch["path"]) for patch in body["patches"]] == [("replace", "/attributes/main_product_image_locator")]


def creating(**more: Any) -> Wire:
    """Amazon where nothing is listed, WATCH is a product type, and everything is taken."""
    schema = json.dumps({"type": "object", "properties": {}, "required": ["brand"]}).encode()
    checksum = base64.b64encode(hashlib.md5(schema, usedforsecurity=False).digest()).decode()
    answers: dict[str, Any] = {
        "GET /listings": NOT_THERE,
        "GET /definitions/2020-09-01/productTypes": {"productTypes": [{"name": "WATCH_BAND"}, {"name": "WATCH"}]},
        "GET /definitions/2020-09-01/productTypes/": {"schema": {"link": {"resource": "https://schemas.example/w.json"}, "checksum": checksum}},
        "GET /w.json": httpx.Response(200, content=schema),
        "PUT": [{**ACCEPTED, "status": "VALID"}, ACCEPTED],
    }
    return Wire({**answers, **more})


def test_a_listing_that_is_not_there_is_created_only_when_allowed_and_after_a_preview() -> None:
    wire = creating()
    amazon = Amazon(access(), wire.transport)

    with pytest.raises(Refused, match="not listed"):
        amazon.publish(offer())
    amazon.publish(offer(create=True))

    preview, put = wire.asked("PUT")
    assert (preview.url.params.get("mode"), put.url.params.get("mode")) == ("VALIDATION_PREVIEW", None)
    assert preview.content == put.content
    assert json.loads(put.content)["productType"] == "WATCH"


def test_what_the_preview_refuses_is_never_put() -> None:
    issue = {"code": "90220", "message": "'color' is required", "severity": "ERROR", "categories": ["MISSING_ATTRIBUTE"], "attributeNames": ["color"]}
    wire = creating(PUT={**ACCEPTED, "status": "INVALID", "issues": [issue]})

    with pytest.raises(Refused, match="'color' is required"):
        Amazon(access(), wire.transport).publish(offer(create=True))

    assert len(wire.asked("PUT")) == 1


def test_a_preview_without_an_answer_left_nothing_behind_and_is_tried_later() -> None:
    wire = creating(PUT=httpx.ReadTimeout("slow"))

    with pytest.raises(TryLater):
        Amazon(access(), wire.transport).publish(offer(create=True))


def test_a_schema_that_is_not_what_its_checksum_says_is_not_believed() -> None:
    wire = creating(**{"GET /w.json": httpx.Response(200, content=b"{}")})

    with pytest.raises(TryLater, match="checksum"):
        Amazon(access(), wire.transport).publish(offer(create=True))


def test_a_product_type_that_amazon_does_not_have_is_refused_with_advice() -> None:
    wire = creating(**{"GET /definitions/2020-09-01/productTypes/": NOT_THERE})

    with pytest.raises(Refused, match=r"'FINE_WATCH' here; name another"):
        Amazon(access(settings={"product_types": {"watch": "FINE_WATCH"}}), wire.transport).publish(offer(create=True))


def test_product_types_and_schemas_are_asked_for_once_a_day() -> None:
    wire, clock = creating(), [datetime(2026, 11, 23, 12, tzinfo=UTC)]
    amazon = Amazon(access(), wire.transport, now=lambda: clock[0])

    for hours in (0, 1, 30):
        clock[0] += timedelta(hours=hours)
        wire.answers["PUT"] = [{**ACCEPTED, "status": "VALID"}, ACCEPTED]
        amazon.publish(offer(create=True))

    paths = [request.url.path for request in wire.asked("GET")]
    assert paths.count("/definitions/2020-09-01/productTypes") == 2
    assert paths.count("/definitions/2020-09-01/productTypes/WATCH") == 2
    assert paths.count("/w.json") == 1  # its checksum had not changed


@pytest.mark.parametrize(
    ("category", "by_keyword", "by_title", "chosen"),
    [
        ("watch", ["WATCH_BAND", "WATCH"], [], "WATCH"),  # shipped, and Amazon knows it for the word too
        ("watch", ["CHRONOGRAPH"], [], "CHRONOGRAPH"),  # Amazon's only one
        ("timepiece", [], ["CLOCK"], "CLOCK"),
    ],
)
def test_the_product_type_is_one_that_amazon_knows_for_the_category_or_the_title(
    category: str, by_keyword: list[str], by_title: list[str], chosen: str
) -> None:
    wire = creating(**{"GET /definitions/2020-09-01/productTypes": [typed(by_keyword), typed(by_title)]})

    Amazon(access(), wire.transport).publish(offer(create=True, product=product(category=category)))

    assert wire.bodies("PUT")[1]["productType"] == chosen


@pytest.mark.parametrize(("found", "words"), [(["CLOCK", "CLOCK_PART"], "offers CLOCK, CLOCK_PART"), ([], "offers none")])
def test_where_the_product_type_is_a_choice_it_is_the_sellers(found: list[str], words: str) -> None:
    wire = creating(**{"GET /definitions/2020-09-01/productTypes": typed(found)})

    with pytest.raises(Refused, match=words):
        Amazon(access(), wire.transport).publish(offer(create=True, product=product(category="timepiece")))

    assert wire.asked("PUT") == []


def typed(names: list[str]) -> dict[str, Any]:
    return {"productTypes": [{"name": name} for name in names]}


# only what changed is sent


def sent(**changes: Any) -> list[str]:
    wire = Wire(GET=LISTED, PATCH=ACCEPTED)
    Amazon(access(), wire.transport).publish(offer(**changes))
    return [f"{patch['op']} {patch['path'].removeprefix('/attributes/')}" for body in wire.bodies("PATCH") for patch in body["patches"]]


def test_only_positions_that_changed_since_the_last_accepted_push_are_sent() -> None:
    main, alt = picture("main", b"main"), picture("alt1", b"new")

    assert sent(pictures=(main, alt), pushed={"main": main.sha256, "alt1": "0" * 64}) == ["replace other_product_image_locator_1"]
    assert sent(pictures=(main,), pushed={"main": main.sha256, "alt1": "0" * 64}, remove=("alt1",)) == ["delete other_product_image_locator_1"]


def test_a_repeat_after_success_with_nothing_changed_sends_nothing() -> None:
    main, wire = picture("main"), Wire(GET=LISTED)

    receipt = Amazon(access(), wire.transport).publish(offer(pictures=(main,), pushed={"main": main.sha256}))

    assert (receipt.status, receipt.external_id) == ("accepted", "B000000001")
    assert [request.method for request in wire.seen] == ["GET"]


def test_where_what_was_accepted_is_not_known_everything_is_sent() -> None:
    assert len(sent(pictures=(picture("main"), picture("alt1")), pushed=None)) == 2


def test_a_sku_that_never_became_an_item_gets_everything_again() -> None:
    main, wire = picture("main"), Wire(GET={"sku": "S", "summaries": []}, PATCH=ACCEPTED)

    Amazon(access(), wire.transport).publish(offer(pictures=(main,), pushed={"main": main.sha256}))

    assert len(wire.bodies("PATCH")) == 1


def test_an_answer_without_a_status_is_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        Amazon(access(), Wire(GET=LISTED, PATCH={"sku": "S"}).transport).publish(offer())


def test_notices_page_through_and_the_cursor_overlaps() -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    issue = {"code": "18027", "message": "text", "severity": "ERROR", "categories": ["INVALID_IMAGE"]}
    first = {"numberOfResults": 2, "pagination": {"nextToken": "p2"}, "items": [{**LISTED, "sku": "A", "issues": [issue]}]}
    second = {"numberOfResults": 2, "items": [{**LISTED, "sku": "B", "issues": []}]}
    wire = Wire(GET=[first, second], POST={"reportId": "7"})

    found, cursor = Amazon(access(), wire.transport, now=lambda: now).notices("2026-11-23T11:00:00Z")

    assert [(entry.ref.merchant_sku, len(entry.notices)) for entry in found] == [("A", 1), ("B", 0)]
    assert cursor == "2026-11-23T11:58:00Z report=7@2026-11-23T12:00:00+00:00"
    assert wire.seen[0].url.params["withIssueSeverity"] == "ERROR,WARNING"
    assert wire.seen[0].url.params["lastUpdatedAfter"] == "2026-11-23T11:00:00Z"
    assert wire.seen[1].url.params["pageToken"] == "p2"


def changed(sku: str, at: str | None) -> dict[str, Any]:
    """A listing in a search for changes; without a date it is a SKU that never became an item, which has no summary."""
    return {"sku": sku, "summaries": [{**LISTED["summaries"][0], "lastUpdatedDate": at}] if at else [], "issues": []}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("items", "cursor"),
    [
        ([changed("A", "2026-11-23T10:30:00Z"), changed("B", None)], "2026-11-23T10:30:00Z"),
        ([changed("A", None), changed("B", "2026-11-23T10:30:00Z"), changed("C", None), changed("D", None)], "2026-11-23T10:30:00Z"),
        ([changed("A", None)], "2026-11-23T10:00:00Z"),
    ],
)
def test_a_sku_that_never_became_an_item_moves_no_cursor_past_what_was_not_read(items: list[dict[str, Any]], cursor: str) -> None:
    page = {"numberOfResults": 99, "pagination": {"nextToken": "p2"}, "items": items}
    wire = Wire(GET=[page, httpx.Response(429)])

    found, until = Amazon(access(), wire.transport, now=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC)).notices("2026-11-23T10:00:00Z")

    assert [entry.ref.merchant_sku for entry in found] == [item["sku"] for item in items]
    assert until == cursor


@pytest.mark.parametrize(("undated", "since"), [(1, "2026-11-23T10:30:00Z"), (2, "2026-11-23T10:00:01Z")])
def test_a_search_that_ends_at_a_sku_that_never_became_an_item_goes_on_from_the_last_date(undated: int, since: str) -> None:
    account = access()
    account = dataclasses.replace(account, site=dataclasses.replace(account.site, limits={**account.site.limits, "search_reach": 2}))
    items = [changed("A", "2026-11-23T10:30:00Z"), changed("B", None), changed("C", None)][undated - 1 : undated + 1]
    wire = Wire(GET=[{"numberOfResults": 2, "items": items}, {"numberOfResults": 0, "items": []}], POST={"reportId": "7"})

    Amazon(account, wire.transport, now=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC)).notices("2026-11-23T10:00:00Z")

    assert [request.url.params["lastUpdatedAfter"] for request in wire.asked("GET")] == ["2026-11-23T10:00:00Z", since]


def test_a_picture_that_amazon_could_not_fetch_is_named_unreachable() -> None:
    said = "Unable to Retrieve Media Content for URL 'https://media.example/a.jpg'."
    of = client(Wire(PUT=httpx.Response(400, json={"errors": [{"code": "InvalidInput", "message": said}]})))

    with pytest.raises(Refused) as caught:
        of.put("S", {"a": 1})

    assert [(issue.message, issue.reason) for issue in caught.value.issues] == [(said, "unreachable")]


def test_goods_that_amazon_has_as_new_and_that_are_used_now_get_all_their_offer_pictures() -> None:
    main = picture("main")
    there = {"sku": "S", "summaries": [{**LISTED["summaries"][0], "conditionType": "new_new"}]}  # type: ignore[dict-item]
    wire = Wire(GET=there, PATCH=ACCEPTED)

    Amazon(access(), wire.transport).publish(offer(pictures=(main,), pushed={"main": main.sha256}, product=product(condition="used")))

    assert [patch["path"] for patch in wire.bodies("PATCH")[0]["patches"]] == ["/attributes/main_offer_image_locator"]


# many listings at once


def listed(sku: str, main: str | None = "m", issues: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    summary = {"marketplaceId": "A1F83G8C2ARO7P", "asin": f"B0{sku}", "productType": "WATCH", "conditionType": "new_new", "status": ["BUYABLE"]}
    shown = {"mainImage": {"link": AMAZON_PICTURES + f"{main}.jpg", "height": 1, "width": 1}} if main else {}
    return {"sku": sku, "summaries": [{**summary, **shown}], "issues": issues or [], "attributes": {}}


def gallery(sku: str, main: str) -> dict[str, Any]:
    image = {"variant": "MAIN", "link": AMAZON_PICTURES + f"{main}.jpg", "height": 9, "width": 9}
    return {"asin": f"B0{sku}", "images": [{"marketplaceId": "A1F83G8C2ARO7P", "images": [image]}]}


AMAZON_PICTURES = "https://m.media-amazon.com/images/I/"
SEARCH, ONE, CATALOG = "GET /listings/2021-08-01/items/SELLER", "GET /listings/2021-08-01/items/SELLER/", "GET /catalog/2022-04-01/items"
SUPPRESSED = {"code": "18027", "message": "text", "severity": "ERROR", "enforcements": {"actions": [{"action": "SEARCH_SUPPRESSED"}]}}


def read(items: list[dict[str, Any]], one: Any = None, shown: str = "m", known: str | None = "m") -> tuple[Wire, list[Any]]:
    """The statuses of A and B where search says `items` and the single call `one`, each known by the main picture `known`."""
    catalogue = {"numberOfResults": 2, "items": [gallery("A", shown), gallery("B", "m")]}
    wire = Wire({SEARCH: {"numberOfResults": len(items), "items": items}, ONE: one if one is not None else listed("A"), CATALOG: catalogue})
    main = AMAZON_PICTURES + f"{known}.jpg" if known else None
    return wire, Amazon(access(), wire.transport).status([Ref("A", main=main), Ref("B", main=main)])


def test_many_quiet_listings_cost_two_calls_for_each_twenty() -> None:
    skus = [f"S{number:02d}" for number in range(45)]
    pages = [{"numberOfResults": 20, "items": [listed(sku) for sku in skus[start : start + 20]]} for start in (0, 20, 40)]
    catalogue = [{"numberOfResults": 20, "items": [gallery(sku, "m") for sku in skus[start : start + 20]]} for start in (0, 20, 40)]
    wire = Wire({SEARCH: pages, CATALOG: catalogue})

    found = Amazon(access(), wire.transport).status([Ref(sku, main=AMAZON_PICTURES + "m._AC_SL1500_.jpg") for sku in skus])

    assert len(wire.seen) == 6
    assert [status.ref.merchant_sku for status in found] == skus
    assert all(status.pictures == {"main": AMAZON_PICTURES + "m.jpg"} and status.exists for status in found)
    assert [len(request.url.params["identifiers"].split(",")) for request in wire.seen] == [20, 20, 5, 20, 20, 5]


def test_a_siblings_image_in_a_search_is_confirmed_by_the_listing_itself_before_it_is_believed() -> None:
    wire, [first, second] = read([listed("A", main="sibling"), listed("B")])

    assert len(wire.asked("GET", "/listings/2021-08-01/items/SELLER/A")) == 1
    assert first.pictures["main"] == second.pictures["main"] == AMAZON_PICTURES + "m.jpg"


def test_a_complaint_in_a_search_is_confirmed() -> None:
    wire, [first, _] = read([listed("A", issues=[SUPPRESSED]), listed("B")], one=listed("A"))

    assert first.notices == ()
    assert len(wire.asked("GET", "/listings/2021-08-01/items/SELLER/")) == 1


def test_a_listing_that_search_leaves_out_is_asked_for_before_it_is_called_gone() -> None:
    _, [first, second] = read([listed("B")], one=listed("A"))
    _, [gone, _] = read([listed("B")], one=NOT_THERE)

    assert (first.exists, second.exists, gone.exists) == (True, True, False)


def test_a_listing_whose_picture_is_not_known_yet_is_read_itself() -> None:
    wire, _ = read([listed("A"), listed("B")], known=None)

    assert len(wire.asked("GET", "/listings/2021-08-01/items/SELLER/")) == 2


def test_a_search_without_the_issues_asked_for_proves_no_silence() -> None:
    silent = {key: value for key, value in listed("A").items() if key != "issues"}

    wire, [first, _] = read([silent, listed("B")], one=listed("A", issues=[SUPPRESSED]))

    assert [notice.kind for notice in first.notices] == ["suppressed"]
    assert len(wire.asked("GET", "/listings/2021-08-01/items/SELLER/")) == 1


def test_offer_pictures_that_are_not_told_are_accepted_and_cannot_be_proven() -> None:
    used = listed("A")
    used["summaries"][0]["conditionType"] = "used_good"

    [status] = Amazon(access(), Wire({ONE: used, CATALOG: gallery("A", "m")}).transport).status([Ref("A")])

    assert (status.exists, status.pictures, status.provable) == (True, {}, frozenset())


def test_what_a_suppressed_listing_said_of_being_buyable_is_kept_with_the_notice() -> None:
    [status] = Amazon(access(), Wire({ONE: listed("A", issues=[SUPPRESSED]), CATALOG: gallery("A", "m")}).transport).status([Ref("A")])

    assert status.notices[0].raw["listing_status"] == ["BUYABLE"]
    assert status.notices[0].raw["enforcements"] == SUPPRESSED["enforcements"]
