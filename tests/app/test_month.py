"""The simulated month, small: a few days of a few listings with every fault on. `make prove` runs it in full. And that its judges can find what is wrong."""

from __future__ import annotations

import json
import logging
import sqlite3

import pytest

from tests.prove import month
from tests.prove.leaks import listening
from tests.prove.month_shop import DAY, HOUR
from tests.prove.month_truth import Truth, lost_updates

TINY = month.Size(3, 1, {}, 6 * HOUR, 300, HOUR)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_short_month_with_every_fault_ends_as_wanted(seed: int) -> None:
    assert "listings as wanted" in month.prove(seed, month.SHORT, listen=seed == 1)


def test_a_house_that_no_longer_looks_is_found_out() -> None:
    with month.month(1, TINY) as made:
        made.wire.coat.set([])
        made.idle |= {"watch", "notices"}
        truth = Truth(made.shop, made.house, made.twin)
        truth.hour(all_of_them=True)
        made.shop.choose(1)
        made.until(made.clock.now() + 2 * HOUR)
        truth.hour()  # a look may have failed
        made.until(made.clock.now() + 2 * HOUR)
        with pytest.raises(AssertionError, match="the house says 'sent, not yet seen'"):
            truth.hour()


def test_a_house_that_does_not_hear_of_a_removal_is_found_out() -> None:
    with month.month(2, TINY) as made:
        made.wire.coat.set([])
        made.idle |= {"watch", "notices"}
        truth = Truth(made.shop, made.house, made.twin)
        truth.hour(all_of_them=True)
        while not made.shop.did.get("ended outside"):
            made.shop.meddle()
        made.until(made.clock.now() + HOUR)
        truth.hour()  # the next look may be a while off
        made.until(made.clock.now() + 3 * DAY)
        with pytest.raises(AssertionError, match="the house says"):
            truth.hour()


def test_an_older_wish_that_comes_after_a_newer_one_is_a_lost_update() -> None:
    house, twin = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    house.executescript(
        "CREATE TABLE accounts (id, marketplace); CREATE TABLE listings (id, account_id); CREATE TABLE pushes (listing_id, number, content);"
        "INSERT INTO accounts VALUES (1, 'amazon-uk'); INSERT INTO listings VALUES (1, 1);"
    )
    twin.executescript("CREATE TABLE image (id, source_sha256); CREATE TABLE write (id, marketplace, sku, call, effect)")
    for number, file in enumerate("ab", 1):
        house.execute("INSERT INTO pushes VALUES (1, ?, ?)", (number, json.dumps({"S": {"main": file}})))

    def wrote(number: int, file: str) -> None:
        effect = json.dumps({"pictures": {"main_product_image_locator": f"http://media/{file}.jpg"}})
        twin.execute("INSERT INTO write VALUES (?, 'amazon-uk', 'S', 'patchListingsItem', ?)", (number, effect))

    files = {"a.jpg": "a", "b.jpg": "b"}
    for number, file in enumerate("aab", 1):  # a write that was repeated is none
        wrote(number, file)
    lost_updates(house, twin, files)
    wrote(4, "a")
    with pytest.raises(AssertionError, match="an older wish came after a newer one"):
        lost_updates(house, twin, files)


def test_a_token_in_a_log_line_is_heard_and_one_that_was_struck_out_is_not() -> None:
    token = "v^1.1#i^1#" + "x1" * 21 + "y"
    with listening({token}, {"a client secret"}) as ears:
        logging.getLogger("urllib3").debug("header: %s", token)
        logging.getLogger("other").debug("nothing %s", "a" * 64)
        assert (ears.lines, ears.heard) == (2, [])
        logging.getLogger("other").debug("in some other shape: %s", token[10:])
        logging.getLogger("other").info("with a client secret")
    assert len(ears.heard) == 2
