"""Everything outside: marketplaces behind one contract, the inventory webhook, photo addresses.

`connect(access)` gives a `Marketplace` with four verbs; what goes wrong is one of four errors that say what to do next.
Importing this loads no marketplace SDK.
"""

from integrations import inventory, sources
from integrations.amazon.hints import Hint
from integrations.amazon.hints import hint_of as amazon_hint
from integrations.errors import IntegrationError, NotAuthorised, OutcomeUnknown, Problem, Refused, TryLater
from integrations.marketplace import (
    REASONS,
    Access,
    Draft,
    DraftField,
    Drafting,
    Hosted,
    Lack,
    Marketplace,
    Notice,
    NoticeSet,
    Offer,
    Picture,
    ProductFacts,
    Receipt,
    Ref,
    Status,
)
from integrations.money import to_decimal, to_minor
from integrations.redact import RedactingFilter, redact
from integrations.registry import connect
from integrations.sites import SITES, Site

__all__ = [
    "REASONS",
    "SITES",
    "Access",
    "Draft",
    "DraftField",
    "Drafting",
    "Hint",
    "Hosted",
    "IntegrationError",
    "Lack",
    "Marketplace",
    "NotAuthorised",
    "Notice",
    "NoticeSet",
    "Offer",
    "OutcomeUnknown",
    "Picture",
    "Problem",
    "ProductFacts",
    "Receipt",
    "RedactingFilter",
    "Ref",
    "Refused",
    "Site",
    "Status",
    "TryLater",
    "amazon_hint",
    "connect",
    "inventory",
    "redact",
    "sources",
    "to_decimal",
    "to_minor",
]
