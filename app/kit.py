"""The composition root: builds the real things once; tests build the same kit with fakes."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import imaging
import integrations
import rules
from app import hooks
from app.config import Settings
from app.db import Database
from app.jobs import Jobs
from app.models import Account
from app.rates import RowBuckets
from app.reach import Preflight
from app.secretbox import SecretBox
from app.store import Media, Store

RULE_SETS_KEPT = 8  # parsed, in memory; an older one is read from its row again


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Kit:
    """Everything a stage may use. Nothing here is a global; two kits in one process do not know of each other."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    connect: Callable[[integrations.Access], integrations.Marketplace] = integrations.connect
    sleep: Callable[[float], None] | None = None  # how a call waits for its turn; not said: it waits under the real clock, and nothing counts under another
    crowds: dict[int, tuple[datetime, object]] = field(default_factory=dict)  # by account: what the stage `watch` counted, and when
    _segmenter: imaging.Segmenter | None = None
    _connectors: dict[str, tuple[str, integrations.Marketplace]] = field(default_factory=dict)
    _rule_sets: dict[str, rules.RuleSet] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _parsing: threading.Lock = field(default_factory=threading.Lock)  # of rule sets: not held up by a model that loads

    def now(self) -> datetime:
        return self.clock()

    @cached_property
    def db(self) -> Database:
        return Database(self.settings.database, told=hooks.tell)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.settings.database)

    @cached_property
    def originals(self) -> Store:
        return Store(self.settings.originals, s3_endpoint=self.settings.s3_endpoint)

    @cached_property
    def media(self) -> Media:
        return Media(Store(self.settings.media, s3_endpoint=self.settings.s3_endpoint), self.settings.keys, self.settings.media_base_url)

    @cached_property
    def reach(self) -> Preflight:
        """What this process knows of its public address of pictures."""
        return Preflight(self.media, asks=self.settings.media_check == "on")

    @cached_property
    def box(self) -> SecretBox:
        return SecretBox(self.settings.keys)

    @property
    def allow_loopback_photos(self) -> bool:
        """Whether photo addresses on this machine may be fetched: only beside practice marketplaces."""
        return self.settings.practice

    @property
    def segmenter(self) -> imaging.Segmenter:
        """The cut-out model, loaded once per process, on first use."""
        with self._lock:
            if self._segmenter is None:
                self._segmenter = imaging.load_segmenter(self.settings.model)
            return self._segmenter

    @cached_property
    def release(self) -> Mapping[str, Any]:
        """The release in force by this installation's files: recipes + model + versions, and the hash of them all. Loads no model.

        Raises imaging.RecipeError with every problem of the recipes file, OSError where the model cannot be read.
        """
        body: dict[str, Any] = {
            "model_sha256": _model_sha256(self.settings.model) or imaging.shipped_model_sha256(),
            "finish_version": imaging.FINISH_VERSION,
            "cutout_version": imaging.CUTOUT_VERSION,
            "recipes": {name: recipe.to_dict() for name, recipe in sorted(self._recipes().items())},
        }
        return {"id": hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(), **body}

    def _recipes(self) -> Mapping[str, imaging.AnyRecipe]:
        try:
            recipes = imaging.load_recipes(self.settings.recipes)
            _refuse_main_with_background(recipes)
        except imaging.RecipeError as error:
            raise imaging.RecipeError([f"PACKSHOT_RECIPES: {problem}" for problem in error.problems]) from None
        return recipes

    def rule_set(self, digest: str, text: Callable[[], str]) -> rules.RuleSet:
        """A rule set by its hash, parsed once per process as long as it is one of the latest. A thread that has it waits for nobody."""
        if (known := self._rule_sets.get(digest)) is not None:
            return known
        yaml = text()  # before the lock: it may have to wait for the database, whose holder may wait for the lock
        with self._parsing:
            if digest not in self._rule_sets:
                made = rules.parse(yaml, imaging.FACTS)
                while len(self._rule_sets) >= RULE_SETS_KEPT:
                    self._rule_sets.pop(next(iter(self._rule_sets)), None)
                self._rule_sets[digest] = made
            return self._rule_sets[digest]

    def marketplace(self, account: Account) -> integrations.Marketplace:
        """The connector of an account: kept as long as its credentials and endpoints stay the same."""
        mark = hashlib.sha256(json.dumps([account.credentials, account.endpoints, account.policy, account.seller_id], sort_keys=True).encode()).hexdigest()
        with self._lock:
            known = self._connectors.get(account.key)
            if known is None or known[0] != mark:
                known = (mark, self.connect(self.access(account)))
                self._connectors[account.key] = known
            return known[1]

    def access(self, account: Account) -> integrations.Access:
        """What a connector is given of an account. Raises SecretsLost."""
        return integrations.Access(
            account=account.key,
            site=integrations.SITES[account.marketplace],
            seller_id=account.seller_id,
            credentials=self.box.open(account.credentials),
            endpoints=account.endpoints,
            settings=account.policy.get("listing", {}),
            allow_loopback=account.practice,
            limiter=self.limiter,
        )

    @cached_property
    def limiter(self) -> integrations.Limiter | None:
        """What says when each account may call, for all processes of this installation."""
        sleep = self.sleep or (time.sleep if self.clock is utc_now else None)
        return None if sleep is None else integrations.Rates(RowBuckets(self.db), lambda: self.now().timestamp(), sleep)

    def close(self) -> None:
        for name in ("jobs", "db"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()


def _refuse_main_with_background(recipes: Mapping[str, imaging.AnyRecipe]) -> None:
    """RecipeError where a main picture would be made by a recipe that cuts nothing out."""
    mains = sorted({site.recipe_for("main") for site in integrations.SITES.values()})
    kept = [name for name in mains if recipes[name].background == "own"]
    if kept:
        advice = "makes main pictures, which need white: give the recipe with `background: own` another name, and leave this one as shipped or white"
        raise imaging.RecipeError([f"{name}: {advice}" for name in kept])


def _model_sha256(model: Path | None) -> str | None:
    return None if model is None else hashlib.sha256(model.read_bytes()).hexdigest()
