"""Everything outside: marketplaces behind one contract, the inventory webhook, photo addresses.

`connect(access)` gives a `Marketplace` with four verbs; what goes wrong is one of four errors that say what to do next.
Importing this loads no marketplace SDK.
"""

from integrations import consent, inventory, sources
from integrations.amazon.hints import Hint
from integrations.amazon.hints import hint_of as amazon_hint
from integrations.errors import IntegrationError, NotAuthorised, OutcomeUnknown, Problem, Refused, Throttled, TryLater
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
    picture_kind,
)
from integrations.money import to_decimal, to_minor
from integrations.rates import Bucket, BucketStore, Limiter, MemoryBuckets, Rates
from integrations.redact import RedactingFilter, redact
from integrations.registry import connect
from integrations.sites import SITES, Site

__all__ = [
    "REASONS",
    "SITES",
    "Access",
    "Bucket",
    "BucketStore",
    "Draft",
    "DraftField",
    "Drafting",
    "Hint",
    "Hosted",
    "IntegrationError",
    "Lack",
    "Limiter",
    "Marketplace",
    "MemoryBuckets",
    "NotAuthorised",
    "Notice",
    "NoticeSet",
    "Offer",
    "OutcomeUnknown",
    "Picture",
    "Problem",
    "ProductFacts",
    "Rates",
    "Receipt",
    "RedactingFilter",
    "Ref",
    "Refused",
    "Site",
    "Status",
    "Throttled",
    "TryLater",
    "amazon_hint",
    "connect",
    "consent",
    "inventory",
    "picture_kind",
    "redact",
    "sources",
    "to_decimal",
    "to_minor",
]
