"""The practice eBay's Taxonomy API v1, and the same rules applied to a new listing."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from integrations.practice.config import Aspect
from integrations.practice.current import world
from integrations.practice.ebay_media import problem, signed_in
from integrations.practice.ebay_xml import Node

blueprint = Blueprint("ebay_taxonomy", __name__, url_prefix="/commerce/taxonomy/v1")

Answer = Response | tuple[Response, int]


@blueprint.before_request
def with_a_token() -> Answer | None:
    """Anybody's token, the application's own too."""
    if signed_in() is None:
        return problem(401, 1001, "Invalid access token. Check the value of the Authorization HTTP request header.", "OAuth")
    return None


@blueprint.get("/get_default_category_tree_id")
def tree() -> Answer:
    """The tree of a marketplace; numbered as its site."""
    country = request.args.get("marketplace_id", "").removeprefix("EBAY_").replace("GB", "UK").lower()
    for number, key in world().hidden.sites.ebay.items():
        if key == f"ebay-{country}":
            return jsonify(categoryTreeId=number, categoryTreeVersion="1")
    return problem(400, 62005, "The specified marketplace is not supported.", "API_TAXONOMY")


@blueprint.get("/category_tree/<tree_id>/get_item_aspects_for_category")
def aspects(tree_id: str) -> Answer:
    """What a leaf category wants to know."""
    category = world().hidden.ebay.categories.get(request.args.get("category_id", ""))
    if tree_id not in world().hidden.sites.ebay or category is None:
        return problem(400, 62007, "The specified category ID does not belong to the specified category tree.", "API_TAXONOMY")
    return jsonify(aspects=[described(aspect) for aspect in category.aspects])


def described(aspect: Aspect) -> dict[str, Any]:
    """One aspect as the API tells it."""
    return {
        "localizedAspectName": aspect.name,
        "aspectConstraint": {
            "aspectDataType": "STRING",
            "aspectRequired": aspect.required,
            "aspectUsage": "RECOMMENDED",
            "aspectMode": "SELECTION_ONLY" if aspect.values else "FREE_TEXT",
            "itemToAspectCardinality": "MULTI" if aspect.several else "SINGLE",
            "aspectMaxLength": 65,
        },
        "aspectValues": [{"localizedValue": value} for value in aspect.values],
    }


@blueprint.get("/category_tree/<tree_id>/get_category_suggestions")
def suggestions(tree_id: str) -> Answer:
    """Categories for a few words."""
    words = set(request.args.get("q", "").lower().replace(",", " ").split())
    if not words or tree_id not in world().hidden.sites.ebay:
        return problem(400, 62008, "The 'q' query parameter is missing.", "API_TAXONOMY")
    found = []
    for number, category in world().hidden.ebay.categories.items():
        if words & set(category.words):
            above = [{"categoryId": f"{number}{level}", "categoryName": name, "categoryTreeNodeLevel": level} for level, name in enumerate(category.above, 1)]
            leaf = {"categoryId": number, "categoryName": category.name}
            found.append({"category": leaf, "categoryTreeNodeLevel": len(above) + 1, "categoryTreeNodeAncestors": above[::-1]})
    return jsonify(categorySuggestions=found, categoryTreeId=tree_id, categoryTreeVersion="1") if found else jsonify(categoryTreeId=tree_id)


def complaints(node: Node) -> list[tuple[int, str, str]]:
    """(code, message, aspect) of every required aspect that a new listing lacks, and of every value that its category does not take."""
    category = world().hidden.ebay.categories.get(node.text("Item.PrimaryCategory.CategoryID"))
    given = {entry.text("Name"): [value for value in entry.texts("Value") if value] for entry in node.all("Item.ItemSpecifics.NameValueList")}
    varied = {entry.text("Name"): entry.texts("Value") for entry in node.all("Item.Variations.VariationSpecificsSet.NameValueList")}
    found = []
    for aspect in category.aspects if category else ():
        values = given.get(aspect.name) or varied.get(aspect.name, [])
        if aspect.required and not values:
            words = f"The item specific {aspect.name} is missing. Add {aspect.name} to this listing, enter a valid value, and then try again."
            found.append((21919303, words, aspect.name))
        if len(values) > 1 and not aspect.several and aspect.name not in varied:
            found.append((21919309, f"The item specific {aspect.name} should contain only one value.", aspect.name))
        if aspect.values and any(value.lower() not in {each.lower() for each in aspect.values} for value in values):
            found.append((21919310, f"The item specific {aspect.name} has a value that this category does not take.", aspect.name))
    return found
