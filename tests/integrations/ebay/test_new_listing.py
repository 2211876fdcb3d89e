"""A new listing is checked by its category's aspects and by eBay's own verification before it exists."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from integrations import Drafting, Refused
from integrations.ebay import draft, translate
from integrations.ebay.aspects import Aspect, mapping_for, missing, read, specifics_of
from integrations.ebay.marketplace import Ebay
from integrations.mapping import rows_of
from integrations.practice import PracticeServer
from tests.integrations.accounts import access, offer, picture, product
from tests.integrations.contract import watch_like
from tests.integrations.practice.clients import ebay_token

CALIBRE = rows_of({"*": {"Movement": "calibre"}}, "")
MOVEMENT = Aspect("Movement", True, ("Automatic", "Quartz"), several=False)


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


def shop(practice: PracticeServer, **settings: Any) -> Ebay:
    credentials = {"client_id": "client", "client_secret": "secret", "refresh_token": "practice-SELLER"}
    return Ebay(access("ebay-uk", credentials=credentials, endpoints=practice.ebay_endpoints(), allow_loopback=True, settings=settings))


def new(**attributes: Any) -> Any:
    return offer(merchant_sku="W-1", create=True, pictures=(picture(data=watch_like(1)),), product=product(attributes=attributes))


# pure


def test_specifics_come_from_paths_and_constants_and_else_from_the_attributes_own_names() -> None:
    of = product(attributes={"dial_colour": "blue", "strap": {"material": "leather"}, "features": ["date", "lume"], "description": "<p>", "width": 40})
    mapping = {"Band Material": "strap.material", "Case Size": "attributes.width", "Department": {"value": "Unisex Adults"}, "Model": "model"}

    found = {entry["Name"]: entry["Value"] for entry in specifics_of(of, rows_of({"*": mapping}, ""))}

    assert found == {
        "Brand": "Example",
        "Dial Colour": "blue",
        "Features": ["date", "lume"],
        "Band Material": "leather",
        "Case Size": "40",
        "Department": "Unisex Adults",
    }


def test_a_mapped_aspect_goes_before_an_attribute_of_the_same_name() -> None:
    found = specifics_of(product(attributes={"movement": "auto", "calibre": "Automatic"}), CALIBRE)

    assert [entry for entry in found if entry["Name"].lower() == "movement"] == [{"Name": "Movement", "Value": "Automatic"}]


def test_the_accounts_mapping_goes_before_the_shipped_one_and_its_category_before_all_others() -> None:
    shipped = {"watch": {"Type": {"value": "Wristwatch"}, "Brand": "brand"}}
    own = {"*": {"Brand": {"value": "House"}, "Country": {"value": "GB"}}, "watch": {"Country": {"value": "CH"}}}

    assert mapping_for("watch", shipped, own) == {"Type": {"value": "Wristwatch"}, "Brand": {"value": "House"}, "Country": {"value": "CH"}}
    assert mapping_for("watch", shipped, {})["Brand"] == {"from": "brand"}
    assert mapping_for("ring", shipped, own) == own["*"]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({}, "'Movement' is required and has no value: fill the product's calibre; eBay takes Automatic, Quartz"),
        ({"calibre": "Steam"}, "'Movement' does not take 'Steam': change the product's calibre; eBay takes Automatic, Quartz"),
        ({"calibre": ["Automatic", "Quartz"]}, "'Movement' takes one value, not Automatic, Quartz: change the product's calibre"),
        ({"calibre": "automatic"}, None),
    ],
)
def test_what_is_missing_is_said_in_words_that_name_where_to_mend_it(attributes: dict[str, Any], words: str | None) -> None:
    found = missing((MOVEMENT, Aspect("Optional")), product(attributes=attributes), CALIBRE)

    assert [lack.words for lack in found] == ([words] if words else [])


def test_an_aspect_that_nothing_is_mapped_to_names_the_accounts_aspects() -> None:
    [lack] = missing((Aspect("Model", True),), product(), {})

    assert "'Model' under the account's aspects" in lack.words


def test_a_long_list_of_accepted_values_is_cut() -> None:
    [lack] = missing((Aspect("Colour", True, tuple(f"C{n}" for n in range(20))),), product(), {})

    assert lack.words.endswith("C7 and 12 more")


def test_a_value_longer_than_the_aspect_takes_is_said() -> None:
    [lack] = missing((Aspect("Model", longest=5),), product(attributes={"model": "Fjellmark"}), {})

    assert "takes 5 characters" in lack.words


def test_aspects_are_read_and_what_is_unknown_is_passed_over() -> None:
    rules = {"aspectRequired": True, "aspectMode": "SELECTION_ONLY", "itemToAspectCardinality": "SINGLE", "aspectMaxLength": 65, "aspectNew": 1}
    answer = {
        "aspects": [
            {"localizedAspectName": "Movement", "aspectConstraint": rules, "aspectValues": [{"localizedValue": "Automatic"}, {"localizedValue": "Quartz"}]},
            {"localizedAspectName": "Model", "aspectConstraint": {"aspectMode": "FREE_TEXT"}, "aspectValues": [{"localizedValue": "X"}]},
            {},
        ]
    }

    assert read(answer) == (MOVEMENT, Aspect("Model"))
    assert read({}) == ()


def test_condition_descriptors_are_sent_and_asked_for_where_a_category_needs_them() -> None:
    used = {"categories": {"card": "261328"}, "condition_ids": {"used": "4000"}}
    card = offer(create=True, product=product(category="card", condition="used"))
    described = {**used, "condition_descriptors": {"card": {"used": [{"name": "40001", "value": "400010"}]}}}

    [lack] = draft.lacks_of(card.product, (), access("ebay-uk", settings=used))
    request, _ = translate.new_item(card, {}, access("ebay-uk", settings=described))

    assert lack.attribute == "descriptor:used:40001"
    assert "'Card Condition' (40001)" in lack.words
    assert draft.lacks_of(card.product, (), access("ebay-uk", settings=described)) == ()
    assert request["Item"]["ConditionDescriptors"] == {"ConditionDescriptor": [{"Name": "40001", "Value": "400010", "AdditionalInfo": None}]}


@pytest.mark.parametrize(
    "settings",
    [
        {"aspects": "Brand"},
        {"aspects": {"watch": "Brand"}},
        {"aspects": {"*": {"Brand": ["brand"]}}},
        {"condition_descriptors": {"watch": [1]}},
        {"condition_descriptors": {"watch": {"new": [{"value": "1"}]}}},
    ],
)
def test_settings_of_another_shape_are_refused_by_name(settings: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=f"{next(iter(settings))} are .* correct the settings"):
        translate.new_item(offer(create=True), {}, access("ebay-uk", settings=settings))


def test_the_verification_is_the_listing_without_the_key_of_the_write() -> None:
    request, _ = translate.new_item(offer(create=True), {}, access("ebay-uk"))

    checked = translate.verification(request)

    assert "UUID" in request["Item"]
    assert checked == {"Item": {name: value for name, value in request["Item"].items() if name != "UUID"}}


# against the practice eBay


def test_a_watch_is_listed_with_the_aspects_of_its_category(practice: PracticeServer) -> None:
    receipt = shop(practice).publish(new(movement="automatic"))

    assert receipt.external_id
    assert [write["call"] for write in practice.witness("writes")] == ["createImageFromFile", "AddFixedPriceItem"]


def test_a_missing_aspect_is_refused_in_words_before_anything_exists(practice: PracticeServer) -> None:
    ebay = shop(practice, categories={"watch": "173695"}, aspects={"watch": {"Movement": "calibre", "Type": {"value": ""}}})

    with pytest.raises(Refused, match="category 173695: 'Movement' is required") as caught:
        ebay.publish(new())

    assert [problem.code for problem in caught.value.issues] == ["attribute:Movement", "attribute:Compatible Brand"]
    assert practice.witness("listings") == []
    lacks = [lack for lack in ebay.draft(new().product).lacks if not lack.attribute.startswith("policy:")]
    assert [lack.words for lack in lacks] == [problem.message for problem in caught.value.issues]


def test_a_draft_says_the_category_what_it_asks_for_what_would_be_said_and_what_is_missing(practice: PracticeServer) -> None:
    ebay = shop(practice, categories={"watch": "31387"}, policies={"payment": "11", "shipping": "12"})
    assert isinstance(ebay, Drafting)

    made = ebay.draft(product(attributes={"movement": "steam"}))

    fields = {field.name: field for field in made.fields}
    assert (made.kind, made.title) == ("31387", "Jewellery & Watches > Watches, Parts & Accessories > Wristwatches")
    assert [field.name for field in made.fields if field.required] == ["Brand", "Type", "policy:payment", "policy:return", "policy:shipping"]
    assert fields["Type"].choices == ("Wristwatch", "Pocket Watch", "Smartwatch")
    assert (fields["Brand"].said, fields["Movement"].said, fields["Movement"].advised, fields["policy:payment"].said) == ("Example", "steam", True, "11")
    assert [lack.attribute for lack in made.lacks] == ["Movement", "policy:return"]
    assert practice.witness("writes") == []


def test_a_category_that_ebay_does_not_have_is_a_matter_of_the_kind(practice: PracticeServer) -> None:
    with pytest.raises(Refused, match="no category '1' here for 'watch'") as caught:
        shop(practice, categories={"watch": "1"}).draft(product())

    assert [problem.code for problem in caught.value.issues] == ["kind"]


def test_a_mapping_mends_it(practice: PracticeServer) -> None:
    mapping = {"Movement": "calibre", "Compatible Brand": {"value": "Universal"}}

    assert shop(practice, categories={"watch": "173695"}, aspects={"watch": mapping}).publish(new(calibre="Quartz")).external_id


def test_where_the_taxonomy_does_not_answer_ebays_verification_decides() -> None:
    with PracticeServer(faults=[{"when": "getItemAspectsForCategory", "do": "html_502", "rate": 1.0}]) as practice:
        with pytest.raises(Refused, match="item specific Movement is missing"):
            shop(practice, categories={"watch": "173695"}).publish(new())

        assert practice.witness("listings") == []
        assert shop(practice).publish(new()).external_id


def test_an_unknown_category_is_refused_and_suggestions_are_found_by_words(practice: PracticeServer) -> None:
    with pytest.raises(Refused, match="no eBay category for 'clock'"):
        shop(practice).publish(offer(create=True, pictures=(picture(data=watch_like(1)),), product=product(category="clock")))

    assert shop(practice).suggestions("Dive watch") == [("31387", "Jewellery & Watches > Watches, Parts & Accessories > Wristwatches")]
    assert shop(practice).suggestions("teapot") == []


def test_aspects_are_read_once_a_day_in_the_applications_own_name(practice: PracticeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    send = requests.Session.request

    def request(self: requests.Session, method: str, url: str, **rest: Any) -> requests.Response:
        asked.append(url)
        return send(self, method, url, **rest)

    monkeypatch.setattr(requests.Session, "request", request)
    ebay = shop(practice)
    for _ in range(3):
        ebay.draft(new().product)

    assert [url.rpartition("/")[2] for url in asked if "taxonomy" in url] == [
        "get_default_category_tree_id",
        "get_item_aspects_for_category",
        "get_category_suggestions",
    ]
    assert len([url for url in asked if url.endswith("token")]) == 1


@pytest.mark.parametrize("path", ["get_default_category_tree_id?marketplace_id=EBAY_XX", "category_tree/3/get_item_aspects_for_category?category_id=1"])
def test_the_practice_taxonomy_refuses_what_it_does_not_know(practice: PracticeServer, path: str) -> None:
    address = f"{practice.url}/commerce/taxonomy/v1/{path}"
    signed = {"Authorization": f"Bearer {ebay_token(practice.url)}"}

    assert requests.get(address, timeout=10).status_code == 401
    assert requests.get(address, headers=signed, timeout=10).status_code == 400
