"""The practice marketplaces: an Amazon and an eBay of our own on localhost, speaking their wire formats, with hidden rules, delays and faults.

`create_app` builds them on one SQLite file, `serve` runs them as a process, `PracticeServer` runs them inside a test.
"""

from integrations.practice.server import PracticeServer, check_orders, create_app, serve

__all__ = ["PracticeServer", "check_orders", "create_app", "serve"]
