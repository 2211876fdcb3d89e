"""The rows, one module per noun group. Columns and relationships only: no input or output, no queries across nouns."""

from app.models.base import Base
from app.models.catalogue import Arrival, Batch, Delivery, ImageSetItem, Photo, Product
from app.models.house import ApiKey, Event, Heartbeat, IdempotentAnswer, Setting, User, Work
from app.models.market import Account, HostedPicture, Lesson, Listing, ListingMember, Notice, Placement, Push, Retouch, Showing
from app.models.pictures import Cutout, FileFacts, Release, Rendition, RuleActivation, RuleSetRow, Verdict

__all__ = [
    "Account",
    "ApiKey",
    "Arrival",
    "Base",
    "Batch",
    "Cutout",
    "Delivery",
    "Event",
    "FileFacts",
    "Heartbeat",
    "HostedPicture",
    "IdempotentAnswer",
    "ImageSetItem",
    "Lesson",
    "Listing",
    "ListingMember",
    "Notice",
    "Photo",
    "Placement",
    "Product",
    "Push",
    "Release",
    "Rendition",
    "Retouch",
    "RuleActivation",
    "RuleSetRow",
    "Setting",
    "Showing",
    "User",
    "Verdict",
    "Work",
]
