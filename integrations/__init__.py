"""Everything outside: marketplaces behind one contract, the inventory webhook, photo addresses.

`connect(access)` gives a `Marketplace` with four verbs; what goes wrong is one of four errors that say what to do next.
Importing this loads no marketplace SDK.
"""

from integrations import consent, inventory, reach, sources
from integrations.amazon.hints import Hint
from integrations.amazon.hints import hint_of as amazon_hint
from integrations.drafting import CategoryMap, Draft, DraftField, Drafting, Lack
from integrations.errors import IntegrationError, NotAuthorised, OutcomeUnknown, Problem, Refused, Throttled, TryLater
from integrations.fetch import exchange
from integrations.mapping import FACTS
from integrations.marketplace import (
    REASONS,
    Access,
    Fed,
    Feeding,
    Hosted,
    Marketplace,
    Need,
    Notice,
    NoticeSet,
    Offer,
    Outcome,
    Picture,
    ProductFacts,
    Receipt,
    Ref,
    Status,
    Variant,
    picture_kind,
)
from integrations.money import to_decimal, to_minor
from integrations.rates import SWEEPS, Bucket, BucketStore, Limiter, MemoryBuckets, Rate, Rates, calls_a_day
from integrations.redact import RedactingFilter, redact
from integrations.registry import connect
from integrations.sites import SITES, Site
from integrations.variations import Variation, pictured_by

__all__ = [
    "FACTS",
    "REASONS",
    "SITES",
    "SWEEPS",
    "Access",
    "Bucket",
    "BucketStore",
    "CategoryMap",
    "Draft",
    "DraftField",
    "Drafting",
    "Fed",
    "Feeding",
    "Hint",
    "Hosted",
    "IntegrationError",
    "Lack",
    "Limiter",
    "Marketplace",
    "MemoryBuckets",
    "Need",
    "NotAuthorised",
    "Notice",
    "NoticeSet",
    "Offer",
    "Outcome",
    "OutcomeUnknown",
    "Picture",
    "Problem",
    "ProductFacts",
    "Rate",
    "Rates",
    "Receipt",
    "RedactingFilter",
    "Ref",
    "Refused",
    "Site",
    "Status",
    "Throttled",
    "TryLater",
    "Variant",
    "Variation",
    "amazon_hint",
    "calls_a_day",
    "connect",
    "consent",
    "exchange",
    "inventory",
    "picture_kind",
    "pictured_by",
    "reach",
    "redact",
    "sources",
    "to_decimal",
    "to_minor",
]
