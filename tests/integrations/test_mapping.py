"""The mapping language of new listings, and the settings that a page edits with it: the same laws for every connector."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import Drafting, Refused, connect
from integrations.mapping import own_rows, row_of, rows_of, told
from tests.integrations.accounts import access, product

BAD: list[Any] = [
    {},
    {"from": "title", "value": 1},
    {"from": "price"},
    {"from": "attributes."},
    {"from": "title", "unti": "mm"},
    {"from": "shelf.row"},
    ["title"],
    7,
]


@pytest.mark.parametrize("entry", BAD)
def test_a_row_that_is_not_understood_is_refused_by_name(entry: Any) -> None:
    with pytest.raises(Refused, match="mapping of color"):
        rows_of({"*": {"color": entry}}, "watch")


def test_a_category_without_rows_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="category watch"):
        rows_of({"watch": "brand"}, "watch")  # type: ignore[dict-item]


def test_a_plain_word_is_a_field_of_the_product_or_else_an_attribute() -> None:
    assert row_of("Brand", "brand") == {"from": "brand"}
    assert row_of("Width", "size_mm.case") == {"from": "size_mm.case"}
    assert row_of("Band", "strap.material") == {"from": "attributes.strap.material"}


def test_values_are_told_in_the_marketplaces_words_and_what_is_not_said_is_nothing() -> None:
    of = product(attributes={"strap": {"material": "cuir"}, "features": ["date", "lume"], "a.b": 3})

    assert told(of, {"from": "attributes.strap.material", "words": {"cuir": "Leather"}}) == ["Leather"]
    assert told(of, {"from": "attributes.features"}) == ["date", "lume"]
    assert told(of, {"from": "attributes.a.b"}) == [3]
    assert [told(of, {"from": path}) for path in ("attributes.strap", "attributes.strap.colour", "attributes.none", "size_mm.case")] == [[]] * 4
    assert told(of, {"value": ""}) == []


names = st.sampled_from(["Brand", "Type", "Colour", "Movement"])
rows = st.one_of(
    st.sampled_from(["brand", "title", "attributes.colour", "size_mm.case"]).map(lambda path: {"from": path}),
    st.sampled_from(["Gold", "7"]).map(lambda value: {"value": value}),
)


@given(st.dictionaries(names, rows), st.dictionaries(names, rows))
def test_what_a_category_says_itself_comes_with_what_it_inherits_to_what_was_wanted(wanted: dict[str, Any], inherited: dict[str, Any]) -> None:
    together = inherited | own_rows(wanted, inherited)

    assert {name: row for name, row in together.items() if row != {"value": ""}} == wanted


@pytest.fixture(scope="module", params=["amazon-uk", "ebay-uk"])
def connector(request: pytest.FixtureRequest) -> Any:
    return connect(access(request.param))


@given(st.dictionaries(names, rows), st.dictionaries(names, rows), st.sampled_from(["", "31387", "WATCH"]))
def test_settings_that_were_edited_read_back_as_they_were_meant_and_leave_other_categories_alone(
    connector: Any, wanted: dict[str, Any], before: dict[str, Any], kind: str
) -> None:
    assert isinstance(connector, Drafting)
    site = connector.access.site.key
    place = "mapping" if site == "amazon-uk" else "aspects"
    kept = {"*": before, "ring": {"Type": {"value": "Band"}}}
    connector.access = access(site, settings={place: kept, "calls_per_day": 9})

    edited = connector.remapped("watch", kind, wanted)

    connector.access = access(site, settings=edited)
    again = connector.mapped("watch")
    assert {name: row for name, row in again.rows.items() if row != {"value": ""}} == wanted
    assert again.kind == kind
    assert edited["calls_per_day"] == 9
    assert {name: edited[place][name] for name in kept} == kept
    assert connector.remapped("watch", kind, again.rows) == edited, "saving a page that nobody changed changes nothing"


def test_policies_are_the_accounts_and_descriptors_the_conditions_own() -> None:
    described = {"condition_descriptors": {"card": {"used": [{"name": "40001", "value": "400010", "info": "signed"}]}}, "policies": {"return": "1"}}
    ebay: Any = connect(access("ebay-uk", settings={**described, "condition_ids": {"used": "4000"}}))

    assert ebay.mapped("card").rows == {"policy:return": {"value": "1"}, "descriptor:used:40001": {"value": "400010"}}
    edited = ebay.remapped("card", "261328", {"policy:payment": {"value": " 77 "}, "descriptor:used:40001": {"value": "400011"}})

    assert edited["policies"] == {"payment": "77"}
    assert edited["condition_descriptors"] == {"card": {"used": [{"name": "40001", "value": "400011", "info": "signed"}]}}
    assert edited["condition_ids"] == {"used": "4000"}


@pytest.mark.parametrize("wanted", [{"policy:gift": {"value": "1"}}, {"policy:return": "brand"}])
def test_a_policy_that_ebay_does_not_have_or_that_comes_from_a_product_is_refused_by_name(wanted: dict[str, Any]) -> None:
    ebay: Any = connect(access("ebay-uk"))

    with pytest.raises(Refused, match=f"mapping of {next(iter(wanted))}"):
        ebay.remapped("watch", "31387", wanted)
