"""The mapping of a product's facts to Amazon's attributes, and what is missing, in words."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import SITES
from integrations.amazon.draft import attributes_of, fields_of, missing
from integrations.amazon.schema import wrongs
from tests.integrations.accounts import product

UK = SITES["amazon-uk"]
HERE = "A1F83G8C2ARO7P"


def attribute(value: dict[str, Any], title: str, *more: str, needed: tuple[str, ...] = ("value",)) -> dict[str, Any]:
    parts = {"value": value, "marketplace_id": {"type": "string"}, **{name: {"type": "string"} for name in more}}
    items = {"type": "object", "required": list(needed), "properties": parts, "additionalProperties": False}
    return {"title": title, "type": "array", "minItems": 1, "items": items}


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "item_name": attribute({"type": "string", "minLength": 1, "maxLength": 20}, "Item Name", "language_tag"),
        "color": attribute({"type": "string", "enum": ["Blue", "Black"]}, "Colour"),
        "case_diameter": attribute({"type": "number", "minimum": 10, "maximum": 80}, "Case Diameter", "unit", needed=("value", "unit")),
        "water_resistant": attribute({"type": "boolean"}, "Water Resistant"),
        "gtin": attribute({"type": "string"}, "GTIN"),
        "exemption": attribute({"type": "boolean"}, "GTIN Exemption"),
        "strap": attribute({"anyOf": [{"type": "string"}, {"type": "string", "enum": ["Leather", "Steel"]}]}, "Strap"),
    },
    "required": ["item_name", "color"],
    "allOf": [
        {"anyOf": [{"required": ["gtin"]}, {"required": ["exemption"]}]},
        {"if": {"required": ["strap"]}, "then": {"required": ["case_diameter"]}},
    ],
}


def words(attributes: dict[str, Any]) -> list[str]:
    return [lack.words for lack in missing(SCHEMA, attributes)]


GOOD: dict[str, Any] = {"item_name": [{"value": "Watch"}], "color": [{"value": "Blue"}], "exemption": [{"value": True}]}


def test_what_is_required_and_not_said_is_named_with_its_title() -> None:
    assert words({}) == ["Item Name (item_name) is missing", "Colour (color) is missing", "GTIN (gtin) is missing (gtin or exemption)"]
    assert words(GOOD) == []


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"color": [{"value": "Red"}]}, "Colour (color) 'Red' is not one of Blue, Black"),
        ({"item_name": [{"value": ""}]}, "Item Name (item_name) is empty"),
        ({"item_name": [{"value": "x" * 21}]}, "Item Name (item_name) has 21 characters, at most 20 are allowed"),
        ({"case_diameter": [{"value": 41}]}, "Case Diameter (case_diameter), unit, is missing"),
        ({"case_diameter": [{"value": 4, "unit": "mm"}]}, "Case Diameter (case_diameter) 4 is less than 10"),
        ({"case_diameter": [{"value": "wide", "unit": "mm"}]}, "Case Diameter (case_diameter) must be number, not 'wide'"),
        ({"strap": [{"value": "Rubber"}]}, "Case Diameter (case_diameter) is missing"),
        ({"colour": [{"value": "Blue"}]}, "colour (colour) is not known to this product type"),
        ({"color": [{"value": "Blue", "shade": 1}]}, "Colour (color), shade, is not known to this product type"),
        ({"color": []}, "Colour (color) is empty"),
    ],
)
def test_what_is_wrong_is_said_in_words(attributes: dict[str, Any], said: str) -> None:
    assert words({**GOOD, **attributes}) == [said]


def test_a_products_facts_become_attributes_by_the_mapping_in_the_schemas_shape() -> None:
    mapping = {
        "*": {"color": {"value": "Black"}, "item_name": {"from": "title"}},
        "watch": {
            "color": {"from": "attributes.dial_colour", "words": {"blue": "Blue"}},
            "case_diameter": {"from": "size_mm.case", "unit": "millimeters"},
            "water_resistant": {"from": "attributes.wet"},
            "gtin": {"from": "attributes.nothing_of_the_kind"},
            "strap": {"value": ["Leather", "Steel"]},
        },
        "ring": {"color": {"value": "Gold"}},
    }
    of = product(size_mm={"case": 41.5}, attributes={"dial_colour": "blue", "wet": "yes"})

    assert attributes_of(of, mapping, SCHEMA, UK) == {
        "item_name": [{"value": "Diver's watch & strap", "language_tag": "en_GB", "marketplace_id": HERE}],
        "color": [{"value": "Blue", "marketplace_id": HERE}],
        "case_diameter": [{"value": 41.5, "unit": "millimeters", "marketplace_id": HERE}],
        "water_resistant": [{"value": True, "marketplace_id": HERE}],
        "strap": [{"value": "Leather", "marketplace_id": HERE}, {"value": "Steel", "marketplace_id": HERE}],
    }


@pytest.mark.parametrize(("told", "kept"), [("41,5", "41,5"), ("41.5", 41.5), (" 40 ", 40.0), ("inf", "inf"), (42, 42)])
def test_a_number_written_as_words_becomes_one_only_where_it_plainly_is(told: Any, kept: Any) -> None:
    mapping = {"*": {"case_diameter": {"from": "size_mm.case", "unit": "mm"}}}

    [entry] = attributes_of(product(size_mm={"case": told}), mapping, SCHEMA, UK)["case_diameter"]

    assert entry["value"] == kept


def test_the_fields_for_a_page_name_what_is_required_first_the_choices_and_what_is_said() -> None:
    said = {"color": [{"value": "Blue", "marketplace_id": HERE}], "case_diameter": [{"value": 41, "unit": "millimeters"}]}
    fields = {field.name: field for field in fields_of(SCHEMA, said)}

    assert list(fields)[:2] == ["item_name", "color"]
    assert (fields["color"].said, fields["case_diameter"].said, fields["gtin"].said) == ("Blue", "41 millimeters", "")
    assert (fields["color"].title, fields["color"].required, fields["color"].choices) == ("Colour", True, ("Blue", "Black"))
    assert fields["case_diameter"].unit
    assert fields["strap"].choices == ("Leather", "Steel")


def test_a_schema_that_refers_to_itself_ends() -> None:
    assert wrongs({"$ref": "#"}, {"a": 1}) == ()
    assert wrongs({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}], "type": "string"}}, "$ref": "#/$defs/a"}, 1)


values = st.recursive(
    st.one_of(st.text(max_size=4), st.integers(-3, 3), st.floats(-3, 3, allow_nan=False), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=6,
)
plain = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"type": st.sampled_from(["string", "number", "integer", "boolean", "array", "object", "null"])}),
    st.fixed_dictionaries({"enum": st.lists(values, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"const": values}),
    st.fixed_dictionaries({"minLength": st.integers(0, 3), "maxLength": st.integers(0, 3)}),
    st.fixed_dictionaries({"minimum": st.integers(-3, 3), "maximum": st.integers(-3, 3)}),
    st.fixed_dictionaries({"minItems": st.integers(0, 2), "maxItems": st.integers(0, 2)}),
    st.fixed_dictionaries({"required": st.lists(st.sampled_from("abc"), unique=True, max_size=2)}),
    st.fixed_dictionaries({"pattern": st.sampled_from(["^a", "b$", "[0-9]"])}),
)
schemas = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2), "additionalProperties": st.booleans()}),
        st.fixed_dictionaries({"items": inner}),
        st.fixed_dictionaries({"contains": inner}),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"if": inner, "then": inner, "else": inner}),
        *(st.fixed_dictionaries({name: st.lists(inner, min_size=1, max_size=3)}) for name in ("allOf", "anyOf", "oneOf")),
    ),
    max_leaves=5,
)


@given(schemas, values)
@settings(max_examples=400, deadline=None)
def test_a_value_is_wrong_exactly_where_an_independent_validator_says_so(schema: dict[str, Any], value: Any) -> None:
    assert (not wrongs(schema, value)) == jsonschema.Draft201909Validator(schema).is_valid(value)
