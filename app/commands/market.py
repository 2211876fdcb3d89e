"""Seller accounts, and the emergency stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from app.commands.common import account_named, open_house, table, whoever


@click.command()
@click.option("--account", help="This account alone; all writing everywhere where not given.")
@click.option("--why", default="", help="Said on every page.")
def stop(account: str | None, why: str) -> None:
    """The emergency stop: nothing more is written to marketplaces until `packshot resume`."""
    from app import controls

    with open_house() as kit, kit.db.writing() as session:
        controls.stop(session, kit, whoever(), account_named(session, account), why)
    click.echo(f"Writing to {account or 'all marketplaces'} is stopped. `packshot resume{f' --account {account}' if account else ''}` lets it go on.")


@click.command()
@click.option("--account", help="This account alone.")
def resume(account: str | None) -> None:
    """Let writing go on."""
    from app import controls

    with open_house() as kit, kit.db.writing() as session:
        controls.resume(session, kit, whoever(), account_named(session, account))
    click.echo(f"Writing to {account or 'marketplaces'} goes on.")


@click.group()
def accounts() -> None:
    """Seller accounts on marketplaces: credentials and policies."""


@accounts.command("list")
def list_() -> None:
    """Every account, its policy and its state."""
    import sqlalchemy as sa

    from app.models import Account

    with open_house() as kit, kit.db.reading() as session:
        rows = [
            (
                a.key,
                a.seller_id,
                a.policy.get("publish", "ask"),
                a.policy.get("create", False),
                a.policy.get("wait_s", ""),
                "yes" if a.confirmed else "no",
                _state(a),
            )
            for a in session.scalars(sa.select(Account).order_by(Account.key))
        ]
    table(("account", "seller", "publish", "create", "wait s", "confirmed", "state"), rows)


def _state(account: Any) -> str:
    return f"paused: {account.paused}" if account.paused else "stopped" if account.stopped else "practice" if account.practice else "in use"


@accounts.command()
@click.argument("key")
@click.option("--seller-id", help="The seller's id on the marketplace; with --replace it stays as it is, and need not be said.")
@click.option("--credentials", "file", type=click.File("r"), default="-", help="A JSON object in a file, or - for standard input: never on the command line.")
@click.option("--endpoint", "endpoints", multiple=True, help="name=url; another address than the marketplace's own.")
@click.option("--practice", is_flag=True, help="An account on practice marketplaces on this machine.")
@click.option("--replace", is_flag=True, help="New credentials for an account that exists.")
def add(key: str, seller_id: str | None, file: Any, endpoints: tuple[str, ...], practice: bool, replace: bool) -> None:
    """Add the account KEY (marketplace:name, as amazon-uk:main). It asks before each write until `accounts confirm`."""
    from app import accounts as house

    if seller_id is None and not replace:
        raise click.UsageError("--seller-id is needed for a new account")
    credentials = _read(file)
    pairs = dict(_pair(text) for text in endpoints)
    with open_house() as kit, kit.db.writing() as session:
        if replace or seller_id is None:  # who replaces need not say whose account it is
            account = house.find_account(session, key)
            if seller_id not in (None, account.seller_id):
                raise click.ClickException(f"{key} is of the seller {account.seller_id}, not {seller_id}: add another seller under another key")
            house.set_credentials(session, kit, account, whoever(), credentials, pairs or None)
        else:
            house.add_account(session, kit, key, seller_id=seller_id, credentials=credentials, endpoints=pairs, practice=practice, who=whoever())
    click.echo(f"{key}: {'new credentials are kept' if replace else 'added'}. `packshot accounts test {key}` asks the marketplace whether they are right.")


def _read(file: Any) -> dict[str, str]:
    try:
        found = json.load(file)
    except ValueError as error:
        raise click.UsageError(f"--credentials: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise click.UsageError("--credentials: must be a JSON object of names and values")
    return found


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f"{text!r} must be name=value")
    return name, value


@accounts.command()
@click.argument("key")
def test(key: str) -> int:
    """Ask the marketplace something harmless with the account's credentials, and whether it can fetch our pictures; exit 1 if one is not well."""
    from app import accounts as house
    from app import preflight

    with open_house() as kit:
        with kit.db.reading() as session:
            account = house.find_account(session, key)
        (accepted, sentence), (fetchable, pictures) = house.test_account(kit, account), preflight.test_pictures(kit, account)
    click.echo(f"{sentence} {pictures}".strip())
    return 0 if accepted and fetchable else 1


@accounts.command()
@click.argument("key")
@click.argument("changes", nargs=-1, required=True)
def policy(key: str, changes: tuple[str, ...]) -> None:
    """Change the policy of KEY: publish=auto|ask|off create=true|false wait_s=N repair=auto|ask|off images_per_day=N|null listing=JSON recipes=JSON."""
    from app import accounts as house

    wanted = {name: _value(value) for name, value in map(_pair, changes)}
    with open_house() as kit, kit.db.writing() as session:
        account = house.find_account(session, key)
        house.set_policy(session, kit, account, whoever(), **wanted)
        now = {**house.DEFAULT_POLICY, **account.policy}
    click.echo(f"{key}: {', '.join(f'{name}={json.dumps(value)}' for name, value in now.items())}")


def _value(text: str) -> Any:
    """true, 1800, {"..."} as JSON; a bare word as itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@accounts.command()
@click.argument("key")
def confirm(key: str) -> None:
    """Say that what was imported for KEY is yours: from now on its policy may be `auto`."""
    from app import accounts as house

    with open_house() as kit, kit.db.writing() as session:
        house.confirm_import(session, kit, house.find_account(session, key), whoever())
    click.echo(f"{key}: confirmed. `packshot accounts policy {key} publish=auto` lets it publish by itself.")


@accounts.command("listing")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="One object a line: sku, category, attribute, words.")
def listing_(key: str, as_json: bool) -> int:
    """Ask the marketplace what the products that KEY would list still lack; writes nothing, exit 1 if something is missing."""
    import integrations
    from app import mapping
    from app.accounts import find_account

    with open_house() as kit:
        with kit.db.reading() as session:
            account = find_account(session, key)
            wanted = mapping.to_list(session, account)
        skus = [sku for products in wanted.values() for sku, _ in products]
        sku_width, width = (max(map(len, names)) for names in (["sku", *skus], ["category", *wanted]))
        line = f"{{:{sku_width}}}  {{:{width}}}  {{:32}}  {{}}"
        found = 0
        try:
            for lack in mapping.missing(kit, account, wanted):  # it may take long: each is told when it is known
                if not as_json and not found:
                    click.echo(line.format("sku", "category", "attribute", "what is missing"))
                found += 1
                click.echo(json.dumps(lack, ensure_ascii=False) if as_json else line.format(*lack.values()))
        except integrations.IntegrationError as error:
            raise click.ClickException(f"{key} cannot be asked now: {error}") from None
    if not found and not as_json:
        click.echo(f"{key}: nothing is missing for {len(skus)} products")
    return 1 if found else 0


@accounts.command()
def rotate() -> int:
    """Encrypt every stored secret again under the first key of PACKSHOT_SECRET_KEY; exit 1 if one can be opened by no key."""
    from app import rotation

    with open_house() as kit:
        keys, done = len(kit.settings.keys), rotation.rotate(kit, whoever())
    click.echo(f"{done.changed} secrets encrypted again under the newest key, {done.already} were already.")
    for name in done.lost:
        click.echo(f"No key of PACKSHOT_SECRET_KEY opens the {name}: add the old key, or enter it again.", err=True)
    if keys > 1 and not done.lost:
        click.echo("Nothing needs the older keys any more: remove them from PACKSHOT_SECRET_KEY and start the roles again.")
    return 1 if done.lost else 0


@accounts.command()
def hook() -> None:
    """Print where Amazon's notifications go, and the header by which they are known. Optional: without them listings are looked at all the same."""
    from app.accounts import hook_secret

    with open_house() as kit:
        click.echo(f"POST /hooks/amazon\nX-Packshot-Secret: {hook_secret(kit)}")


@click.command("send-hook")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--to", default="http://127.0.0.1:8000/hooks/inventory", show_default=True, help="The address of the hook.")
@click.option("--id", "webhook_id", help="webhook-id; a new one where not given. The same id again has no effect.")
@click.option(
    "--secret-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file with the secret, where it is not this installation's."
)
def send_hook(file: Any, to: str, webhook_id: str | None, secret_file: Path | None) -> int:
    """Sign a JSON event as the inventory system would, and send it; prints the answer, exit 1 unless it is 2xx."""
    import uuid
    from datetime import UTC, datetime

    import requests

    from app import config
    from integrations import inventory

    raw = file.read()
    secret = secret_file.read_text().strip() if secret_file else config.load().webhook_secret.get_secret_value()
    headers = inventory.sign(secret, webhook_id or f"msg_{uuid.uuid4().hex}", datetime.now(UTC), raw)
    try:
        answer = requests.post(to, data=raw, headers={**headers, "Content-Type": "application/json"}, timeout=30)
    except requests.RequestException as error:
        raise click.ClickException(f"{to} does not answer ({type(error).__name__}): start it, or name another address with --to") from None
    click.echo(f"{answer.status_code} {answer.text.strip()}")
    return 0 if answer.ok else 1


COMMANDS = (stop, resume, accounts, send_hook)
