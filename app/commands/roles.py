"""The long-running roles: serve, web, worker, scheduler, practice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from waitress.server import BaseWSGIServer

HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
PORT = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")


@click.command()
@click.option("--practice", is_flag=True, help="With our own practice marketplaces and a sample shoot; nothing leaves this machine.")
@click.option("--faults", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="With --practice: rehearse with these (`packshot practice`).")
@click.option("--practice-port", default=0, type=click.IntRange(0, 65535), help="With --practice: where the marketplaces listen; 0: the first free from 8001.")
@click.option("--shoot", type=click.Path(exists=True, file_okay=False, path_type=Path), help="With --practice: this folder instead of the sample.")
@HOST
@PORT
def serve(practice: bool, faults: Path | None, practice_port: int, shoot: Path | None, host: str, port: int) -> None:
    """Everything on one machine: web, scheduler, workers, supervised."""
    from app import config, life, log
    from app import serve as house

    settings = config.load()
    if practice:
        from app.practice import settings_for

        _check(faults)
        settings = settings_for(settings, port)
    log.set_up(settings.log_format, process="serve")
    house.serve(settings, host, port, life.stop_on_signals(), shoot, faults, practice_port)


def _check(faults: Path | None) -> None:
    from integrations.practice import check_orders

    try:
        if faults is not None:
            check_orders(faults)
    except (ValueError, OSError) as error:
        raise click.UsageError(f"{faults}: {error}") from error


@click.command()
@HOST
@PORT
@click.option("--threads", type=click.IntRange(4, 256), default=24, show_default=True, help="Threads per process: so many requests are answered at once.")
def web(host: str, port: int, threads: int) -> None:
    """The pages, the API, the hooks and the media addresses, in one process; `gunicorn wsgi:app` serves many."""
    from app import config, life, log, migrate, serve

    settings = config.load()
    log.set_up(settings.log_format, process="web")
    life.follow_supervisor()
    migrate.check_current(settings.database)
    from app.web import create_app

    serve.check_port(host, port)
    asked_to_stop = life.stop_on_signals()
    server = web_server(create_app(settings), host, port, threads)
    life.when(asked_to_stop, server.close)
    server.run()


def web_server(app: WSGIApplication, host: str, port: int, threads: int) -> BaseWSGIServer:
    """The pages' server, listening. What proxies say passes through it: the app judges whom to believe."""
    import waitress

    return waitress.create_server(app, host=host, port=port, threads=threads, ident="packshot", clear_untrusted_proxy_headers=False)


@click.command()
@click.option("--slots", default=2, show_default=True, type=click.IntRange(1, 64), help="Pictures made at once in this process.")
@click.option("--stages", default="", help="Comma list of stages to run here; all where not given.")
@click.option("--name", default="", help="Fixed name of this worker; the host's name where not given. Two workers must not share one.")
@click.option("--memory-mb", default=1200, show_default=True, type=click.IntRange(min=0), help="Ends in order above it, to be started afresh; 0: never.")
@click.option("--tasks", default=2000, show_default=True, type=click.IntRange(min=0), help="Ends in order after so many tasks; 0: never.")
def worker(slots: int, stages: str, name: str, memory_mb: int, tasks: int) -> None:
    """Run jobs, of some or all stages."""
    from app import config, life, log
    from app import worker as role
    from app.kit import Kit

    settings = config.load()
    try:
        chosen = role.concurrency(slots, [stage.strip() for stage in stages.split(",") if stage.strip()])
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    name = name or life.default_name("worker")
    log.set_up(settings.log_format, process=name)
    life.follow_supervisor()
    asked_to_stop = life.stop_on_signals()
    life.limit_memory(2 * memory_mb)
    kit = Kit(settings)
    role.work(kit, name, chosen, role.Ceiling(tasks, memory_mb), asked_to_stop)
    kit.close()


@click.command()
@click.option("--once", is_flag=True, help="Run every stage to rest in this process, then end.")
@click.option("--name", default="", help="Name of this scheduler; the host's name where not given.")
def scheduler(once: bool, name: str) -> None:
    """Call the periodic jobs; any number of these may run."""
    import scheduler as periodic
    from app import config, life, log
    from app.kit import Kit

    settings = config.load()
    log.set_up(settings.log_format, process=name or "scheduler")
    kit = Kit(settings)
    if once:
        click.echo(f"{periodic.once(kit)} tasks done")
    else:
        life.follow_supervisor()
        periodic.run(kit, name or life.default_name("scheduler"), life.stop_on_signals())
    kit.close()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option(
    "--faults",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML list of orders: faults {when, nth or rate, do}, slower accounts {calls, allowed}, hidden rules that change {at, rule, limit}.",
)
@click.option("--seed", default=0, show_default=True, help="Decides which calls a fault given by rate strikes, and what is drawn of an order.")
@click.option("--limits/--no-limits", default=True, show_default=True, help="Refuse calls above the rates that the real marketplaces document.")
@click.option(
    "--database", type=click.Path(dir_okay=False, path_type=Path), default=Path("var/practice.db"), show_default=True, help="The marketplaces' own file."
)
@click.option("--listings", default=0, type=click.IntRange(0, 1_000_000), help="So many listings of each practice seller that were there before.")
@click.option("--lease", type=click.Path(path_type=Path), hidden=True)
def practice(host: str, port: int, faults: Path | None, seed: int, limits: bool, database: Path, listings: int, lease: Path | None) -> None:
    """The practice marketplaces alone: an Amazon and an eBay on this machine."""
    import threading

    from app import life, serve
    from integrations.practice import serve as run

    _check(faults)
    if port:
        serve.check_port(host, port)
    if lease is not None:
        from app.practice import follow_lease

        threading.Thread(target=follow_lease, args=(lease,), name="follow-lease", daemon=True).start()
    life.exit_on_signals()
    database.parent.mkdir(parents=True, exist_ok=True)
    from app.practice import SELLERS

    stock = {key.partition(":")[0]: (seller, listings) for key, seller in SELLERS.items()} if listings else {}
    run(host, port, database=database, seed=seed, faults=faults, limits=limits, stock=stock)


COMMANDS = (serve, web, worker, scheduler, practice)
