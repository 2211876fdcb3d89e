"""Seller accounts of any size: made at once, and read page by page without reading the rest."""

from typing import Any

import pytest
import requests
from sqlalchemy import update

from integrations.practice import PracticeServer, judge, pictures
from integrations.practice.clock import iso
from integrations.practice.config import load_hidden
from integrations.practice.stock import KINDS
from integrations.practice.store import Listing
from tests.integrations.practice import clients

COUNT = 230


def stocked(practice: PracticeServer, marketplace: str, count: int = COUNT) -> Any:
    return practice.witness("stock", marketplace=marketplace, seller="SELLER", count=count)


def search(practice: PracticeServer, headers: dict[str, str], **query: str) -> list[dict[str, Any]]:
    """The pages of a search, from the first to the last."""
    pages: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while not pages or token:
        asked = {"marketplaceIds": clients.UK, "pageSize": "20", **query, **token}
        pages.append(requests.get(f"{practice.url}/listings/2021-08-01/items/SELLER", params=asked, headers=headers, timeout=10).json())
        told = pages[-1].get("pagination", {}).get("nextToken")
        token = {"pageToken": told} if told else {}
    return pages


def skus(pages: list[dict[str, Any]]) -> list[str]:
    return [item["sku"] for page in pages for item in page["items"]]


def trading(practice: PracticeServer, name: str, **body: Any) -> Any:
    return clients.Trading(practice.url, clients.ebay_token(practice.url)).execute(name, body).dict()


def test_the_same_stock_twice_is_there_once_and_more_of_it_is_added(practice: PracticeServer) -> None:
    made = [stocked(practice, "amazon-uk", count)["created"] for count in (30, 30, 50)]
    listings = practice.witness("listings")

    assert made == [30, 0, 20]
    assert len({listing["sku"] for listing in listings}) == len({listing["external_id"] for listing in listings}) == len(listings) == 50
    assert all(set(listing["pictures"]) == {"main"} and listing["status"] == "active" for listing in listings)
    assert requests.get(listings[0]["pictures"]["main"]["url"], timeout=10).status_code == 200


def test_what_is_stocked_breaks_no_hidden_rule() -> None:
    hidden = load_hidden()
    for number in range(KINDS):
        facts = judge.measure(pictures.a_strangers(number))
        assert judge.broken(hidden.amazon.rules, facts, "main") == judge.broken(hidden.ebay.rules, facts, "main") == []


def test_a_search_pages_through_every_listing_once_in_the_order_asked_for(practice: PracticeServer) -> None:
    stocked(practice, "amazon-uk")
    headers = clients.amazon_headers(practice.url)

    pages = search(practice, headers, sortBy="sku", sortOrder="ASC")

    assert skus(pages) == sorted(f"STOCK-{number:06d}" for number in range(1, COUNT + 1))
    assert {page["numberOfResults"] for page in pages} == {COUNT}
    assert len(pages) == 12


def test_what_a_search_filters_by_status_and_severity_is_what_each_listing_says_of_itself(practice: PracticeServer) -> None:
    stocked(practice, "amazon-uk", 40)
    practice.witness_orders(
        [{"at": "+1h", "rule": "fill", "limit": 0.83, "delay": 0, "grace": "1d"}, {"at": "+1h", "rule": "border", "limit": 256, "delay": 0}]
    )
    with practice.world.store.write() as session:
        for listing in session.query(Listing).filter(Listing.id % 3 == 0):
            listing.quantity = 0
    practice.advance(3700)
    headers = clients.amazon_headers(practice.url)
    told = {item["sku"]: item for page in search(practice, headers, includedData="summaries,issues") for item in page["items"]}

    def those(**query: str) -> set[str]:
        return set(skus(search(practice, headers, **query)))

    for word in ("BUYABLE", "DISCOVERABLE"):
        having = {sku for sku, item in told.items() if word in item["summaries"][0]["status"]}
        assert those(withStatus=word) == having
        assert those(withoutStatus=word) == set(told) - having
    assert those(withIssueSeverity="ERROR") == {sku for sku, item in told.items() if item["issues"]} != set()
    assert those(withIssueSeverity="WARNING") == set()
    assert 0 < len(those(withStatus="BUYABLE")) < 40


def test_ebays_lists_page_through_every_listing_once(practice: PracticeServer) -> None:
    stocked(practice, "ebay-uk")
    now = practice.clock.now()

    mine = [
        trading(practice, "GetMyeBaySelling", ActiveList={"Pagination": {"EntriesPerPage": "200", "PageNumber": str(page)}})["ActiveList"] for page in (1, 2)
    ]
    window = {"EndTimeFrom": iso(now), "EndTimeTo": iso(now + 119 * 86400)}
    listed = [trading(practice, "GetSellerList", **window, Pagination={"EntriesPerPage": "200", "PageNumber": str(page)}) for page in (1, 2)]

    assert [page["PaginationResult"]["TotalNumberOfEntries"] for page in mine] == [str(COUNT)] * 2
    for pages in (mine, listed):
        assert len({item["ItemID"] for page in pages for item in page["ItemArray"]["Item"]}) == COUNT


def test_a_listing_of_long_ago_still_ends_within_a_month_and_is_found_by_its_sku(practice: PracticeServer) -> None:
    stocked(practice, "ebay-uk", 3)
    now = practice.clock.now()

    found = [
        trading(
            practice,
            "GetSellerList",
            EndTimeFrom=iso(now),
            EndTimeTo=iso(now + days * 86400),
            Pagination={"EntriesPerPage": "10", "PageNumber": "1"},
            SKUArray={"SKU": "STOCK-000002"},
        )["PaginationResult"]["TotalNumberOfEntries"]
        for days in (31, 29, 1)
    ]

    assert found[0] == "1"
    assert found[2] == "0"


def test_too_many_events_are_cut_off_without_a_word_as_with_the_real_one(practice: PracticeServer) -> None:
    stocked(practice, "ebay-uk", 2100)
    with practice.world.store.write() as session:
        session.execute(update(Listing).values(updated=practice.clock.now() - 100))

    answer = trading(practice, "GetSellerEvents", ModTimeFrom=iso(practice.clock.now() - 1000))

    assert len(answer["ItemArray"]["Item"]) == 2000


def test_the_witness_pages_what_it_tells(practice: PracticeServer) -> None:
    stocked(practice, "amazon-uk", 7)
    whole, seen, after = practice.witness("listings"), [], 0
    while page := practice.witness(f"listings?limit=3&after={after}"):
        seen += page
        after = page[-1]["id"]

    assert seen == whole
    assert len(whole) == 7


@pytest.mark.parametrize("body", [{"marketplace": "amazon-mars", "seller": "S", "count": 1}, {"marketplace": "amazon-uk", "seller": "S"}])
def test_a_stock_that_makes_no_sense_is_refused(practice: PracticeServer, body: dict[str, object]) -> None:
    assert requests.post(f"{practice.url}/practice/api/stock", json=body, timeout=10).status_code == 422
