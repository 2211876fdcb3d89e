"""Settings: every PACKSHOT_* variable, typed, checked once; a wrong value refuses to start and names the variable."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from standardwebhooks.webhooks import Webhook

PREFIX = "PACKSHOT_"
SECRETS = ("SECRET_KEY", "WEBHOOK_SECRET", "DATABASE_URL")


class ConfigError(Exception):
    """A variable has a wrong value. The message names the variable and says what would be right."""


class Settings(BaseSettings):
    """What the house is told from outside. The README's table says the same; a test compares them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    var: Path = Field(Path("var"), description="folder of everything local: database, stores, intake")
    database_url: str = Field("", description="SQLAlchemy URL; default: SQLite in the var folder; many machines: postgresql+psycopg://…")
    store_url: str = Field("", description="originals: file:///… or s3://bucket/prefix; default: var/originals")
    media_store_url: str = Field("", description="finished pictures for marketplaces: file:///… or s3://bucket/prefix; default: var/media")
    media_base_url: str = Field("", description="public https address where marketplaces fetch pictures, or s3://bucket/prefix of the media store")
    media_check: Literal["on", "off"] = Field(
        "on", description="try each picture's public address from here first; off where only marketplaces reach it: behind a proxy, or with split DNS"
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="signs sessions and media names, encrypts credentials; comma list: first is current, others still decrypt"
    )
    webhook_secret: SecretStr = Field(SecretStr(""), description="Standard Webhooks secret of the inventory system, whsec_…")
    intake: Annotated[tuple[str, ...], NoDecode] = Field((), description="comma list of watched folders and s3://bucket/prefix, listed every 30 s")
    intake_sqs_url: str = Field("", description="SQS queue of the watched buckets' events: new objects within seconds; needs the extra `sqs`")
    rules_dir: Path | None = Field(None, description="the seller's overlay: amazon.yaml, ebay.yaml, intake.yaml by rule id; written by lessons")
    recipes: Path | None = Field(None, description="a file of your own recipes, beside the shipped ones and instead of those of the same name")
    model: Path | None = Field(None, description="an ONNX file instead of the shipped cut-out model")
    review_minutes: float = Field(2.0, gt=0, description="what one case costs a person, for the rules simulator, until ten retouches say it better")
    max_newly_failing: float = Field(0.05, ge=0, le=1, description="share of live listings that new rules may fail before they need --force and a reason")
    s3_endpoint: str = Field("", description="address of an S3 server other than AWS")
    log_format: Literal["auto", "text", "json"] = Field("auto", description="log lines for people or machines; auto: text on a terminal")
    alert_url: str = Field("", description="where alarms are posted (JSON)")
    practice: bool = Field(False, description="set by `packshot serve --practice`: photo addresses on this machine may be fetched")
    trusted_proxy: str = Field("", description="IP address of the proxy in front of the pages, whose X-Forwarded-* are believed; * for whoever connects")
    alert_email: str = Field("", description="where alarms are mailed, through the mail server on localhost:25")

    @field_validator("intake", mode="before")
    @classmethod
    def _comma_list(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("intake")
    @classmethod
    def _watched(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for place in value:
            if "://" in place and not (place.startswith("s3://") and urlsplit(place).netloc):
                raise ValueError(f"{place} must be a folder or s3://bucket/prefix")
        return value

    @field_validator("intake_sqs_url")
    @classmethod
    def _queue(cls, value: str, info: ValidationInfo) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).netloc or not urlsplit(value).path.strip("/")):
            raise ValueError("must be the queue's URL, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
        if value and not any(place.startswith("s3://") for place in info.data.get("intake", ())):
            raise ValueError(f"its events are of watched buckets: name one in {PREFIX}INTAKE")
        if value and find_spec("boto3") is None:
            raise ValueError("needs boto3: install Packshot with the extra `sqs`")
        return value

    @field_validator("alert_email")
    @classmethod
    def _mail_address(cls, value: str) -> str:
        if value and (value.count("@") != 1 or value[0] == "@" or value[-1] == "@" or not value.isprintable() or " " in value):
            raise ValueError("must be a mail address")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _signing(cls, value: SecretStr) -> SecretStr:
        if text := value.get_secret_value():
            if not re.fullmatch(r"[A-Za-z0-9+/]{2,}={0,2}", text.removeprefix("whsec_")):  # the library leaves other characters out without a word
                raise ValueError("must be whsec_ and base64 text, as Standard Webhooks has it")
            Webhook(text)
        return value

    @field_validator("model")
    @classmethod
    def _file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @field_validator("trusted_proxy")
    @classmethod
    def _proxy(cls, value: str) -> str:
        try:
            return value if value in ("", "*") else str(ipaddress.ip_address(value))
        except ValueError:
            raise ValueError("must be the IP address that the proxy connects from, or * where nothing else can connect") from None

    @field_validator("store_url", "media_store_url")
    @classmethod
    def _store(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("file", "s3"):
            raise ValueError("must be file:///folder or s3://bucket/prefix")
        return value

    @field_validator("media_base_url")
    @classmethod
    def _pictures(cls, value: str, info: ValidationInfo) -> str:
        value = value.rstrip("/")
        if value.startswith("s3://") and value != str(info.data.get("media_store_url", "")).rstrip("/"):
            raise ValueError(f"an s3:// address must be the media store's own: set {PREFIX}MEDIA_STORE_URL to the same")
        if value and (urlsplit(value).scheme not in ("http", "https", "s3") or not urlsplit(value).hostname):
            raise ValueError("must be an https address, or s3://bucket/prefix")
        return value

    @field_validator("alert_url", "s3_endpoint")
    @classmethod
    def _web_address(cls, value: str, info: ValidationInfo) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError("must be an http(s) address")
        return value.rstrip("/") if info.field_name == "s3_endpoint" else value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value.startswith("postgresql://"):
            value = "postgresql+psycopg://" + value.removeprefix("postgresql://")
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must be sqlite:///file or postgresql+psycopg://…")
        return value

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{(self.var / 'packshot.db').absolute()}"

    @property
    def originals(self) -> str:
        """The URL of the originals store in force."""
        return self.store_url or (self.var / "originals").absolute().as_uri()

    @property
    def media(self) -> str:
        """The URL of the media store in force."""
        return self.media_store_url or (self.var / "media").absolute().as_uri()

    @property
    def keys(self) -> tuple[str, ...]:
        """The secret keys, current first. At least one, of 16 characters or more."""
        return tuple(k.strip() for k in self.secret_key.get_secret_value().split(",") if k.strip())


def load(**overrides: object) -> Settings:
    """Settings from the environment, secrets also from `PACKSHOT_<NAME>_FILE`; what is blank is not set.

    Makes and keeps a secret key in the var folder if none is given. Raises ConfigError naming the variable.
    """
    for name in SECRETS:
        path, given = os.environ.get(f"{PREFIX}{name}_FILE"), os.environ.get(f"{PREFIX}{name}", "").strip()
        if path:
            try:
                kept = Path(path).read_text().strip()
            except OSError as error:
                raise ConfigError(f"{PREFIX}{name}_FILE: cannot read {path}: {error.strerror}") from error
            if not kept:
                raise ConfigError(f"{PREFIX}{name}_FILE: {path} is empty")
            if given and given != kept:
                raise ConfigError(f"{PREFIX}{name} and {PREFIX}{name}_FILE say two different things: set one of them")
            overrides.setdefault(name.lower(), kept)
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"{PREFIX}{'_'.join(str(p) for p in e['loc'][:1]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise ConfigError("; ".join(lines)) from None
    if not settings.keys:
        settings = settings.model_copy(update={"secret_key": SecretStr(_kept(settings.var / "secret_key"))})
    if not settings.webhook_secret.get_secret_value():
        settings = settings.model_copy(update={"webhook_secret": SecretStr(_kept(settings.var / "webhook_secret", webhook=True))})
    if any(len(key) < 16 for key in settings.keys):
        raise ConfigError(f"{PREFIX}SECRET_KEY: needs at least 16 characters; `python -c 'import secrets; print(secrets.token_urlsafe(32))'` makes one")
    return settings


def _kept(path: Path, *, webhook: bool = False) -> str:
    """A random secret, made once and kept in a file only its owner can read; two first starts at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode() if webhook else secrets.token_urlsafe(32)
    mine = path.with_name(f"{path.name}.{os.getpid()}")
    mine.touch(mode=0o600)
    mine.write_text(fresh)
    try:
        os.link(mine, path)  # fails if another process was first
    except FileExistsError:
        pass
    finally:
        mine.unlink()
    return path.read_text().strip()
