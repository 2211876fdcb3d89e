"""The rows, one module per noun group. Columns and relationships only: no input or output, no queries across nouns."""

from app.models.base import Base
from app.models.catalogue import Arrival, Batch, Delivery, ImageSetItem, Photo, Product
from app.models.hooks import WebhookDelivery, WebhookEndpoint
from app.models.house import ApiKey, Event, Heartbeat, IdempotentAnswer, RateBucket, Setting, User, Work
from app.models.market import OPEN_PUSH, Account, HostedPicture, Lesson, Listing, ListingDraft, ListingMember, Notice, Placement, Push, Retouch, Showing
from app.models.pictures import BatchBackdrop, Cutout, FileFacts, Release, Rendition, RuleActivation, RuleSetRow, Verdict
from app.models.verdicts import Baseline, KnownFinding, Remake, Waiver

__all__ = [
    "OPEN_PUSH",
    "Account",
    "ApiKey",
    "Arrival",
    "Base",
    "Baseline",
    "Batch",
    "BatchBackdrop",
    "Cutout",
    "Delivery",
    "Event",
    "FileFacts",
    "Heartbeat",
    "HostedPicture",
    "IdempotentAnswer",
    "ImageSetItem",
    "KnownFinding",
    "Lesson",
    "Listing",
    "ListingDraft",
    "ListingMember",
    "Notice",
    "Photo",
    "Placement",
    "Product",
    "Push",
    "RateBucket",
    "Release",
    "Remake",
    "Rendition",
    "Retouch",
    "RuleActivation",
    "RuleSetRow",
    "Setting",
    "Showing",
    "User",
    "Verdict",
    "Waiver",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Work",
]
