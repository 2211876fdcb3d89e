"""What belongs to the application that serves the current request."""

from flask import current_app

from integrations.practice.limits import Limits
from integrations.practice.world import World


def world() -> World:
    """Its world."""
    found: World = current_app.extensions["practice"]
    return found


def limits() -> Limits:
    """How fast its callers may be."""
    found: Limits = current_app.extensions["practice_limits"]
    return found


def public_url() -> str:
    """The address, without a slash at the end, under which its pictures are shown."""
    address: str = current_app.config["PUBLIC_URL"]()
    return address
