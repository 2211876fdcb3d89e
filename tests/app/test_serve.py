"""`packshot serve`: the sign-in, the ports, and that roles come back, stop in order and do not outlive their supervisor."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

import imaging
from app import life, people, practice, serve, supervisor
from app.kit import Kit
from app.supervisor import Role, Supervisor


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Poll until something is true; fail when it does not become so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.05)


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


class Sleeper(Role):
    """A role whose process writes its pid and then does as told."""

    def __init__(self, folder: Path, code: str) -> None:
        super().__init__("sleeper", [], {**os.environ})
        self.folder, self.code = folder, f"import os, pathlib; pathlib.Path({str(folder)!r}, str(os.getpid())).touch(); {code}"

    def spawn(self, *, supervised: bool) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen([sys.executable, "-c", self.code], stdin=subprocess.PIPE, start_new_session=True)

    @property
    def pids(self) -> list[int]:
        return [int(path.name) for path in sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)]


@pytest.fixture
def looked_after(tmp_path: Path) -> Iterator[Callable[[str], Sleeper]]:
    """Supervise a process that runs this code, until the test ends."""
    stop, threads = threading.Event(), []
    every = Supervisor()

    def start(code: str) -> Sleeper:
        role = Sleeper(tmp_path, code)
        every.roles.append(role)
        thread = threading.Thread(target=every.run, args=(stop,))
        threads.append(thread)
        thread.start()
        until(lambda: role.pids)
        return role

    yield start
    stop.set()
    for thread in threads:
        thread.join()
    every.stop()


def test_a_role_that_is_killed_is_started_again(looked_after: Callable[[str], Sleeper]) -> None:
    role = looked_after("import time; time.sleep(600)")

    os.kill(role.pids[0], signal.SIGKILL)

    until(lambda: len(role.pids) == 2)
    assert role.deaths == 1


def test_a_role_that_ends_in_order_is_started_again_at_once_and_counts_no_death(looked_after: Callable[[str], Sleeper]) -> None:
    role = looked_after("")

    until(lambda: len(role.pids) >= 3)

    assert role.deaths == 0


def test_a_role_that_keeps_dying_is_started_after_growing_gaps(tmp_path: Path) -> None:
    role = Sleeper(tmp_path, "raise SystemExit(3)")
    gaps = []
    for _ in range(4):
        role.start()
        assert role.process is not None
        role.process.wait()
        role.look()
        gaps.append(role.start_at - time.monotonic())

    assert gaps == sorted(gaps)
    assert gaps[-1] > 4


def test_what_does_not_stop_in_order_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE_S", 0.3)
    role = Sleeper(tmp_path, "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path('ready').touch(); time.sleep(600)")
    monkeypatch.chdir(tmp_path)
    role.folder = tmp_path / "pids"
    role.folder.mkdir()
    role.start()
    until(lambda: (tmp_path / "ready").exists())
    assert role.process is not None
    pid = role.process.pid

    Supervisor([role]).stop()

    assert not is_alive(pid)


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(serve.PortTaken, match=rf"port {port} .*--port"):
            serve.check_port("127.0.0.1", port)
        assert practice.free_port(port) > port


def test_a_folder_is_served_by_one_supervisor_and_a_killed_one_is_noticed(tmp_path: Path) -> None:
    with serve.only_one(tmp_path) as first, pytest.raises(serve.AlreadyServed, match=f"process {os.getpid()}"), serve.only_one(tmp_path):
        pass
    with serve.only_one(tmp_path) as after_an_orderly_end:
        pass
    (tmp_path / "serve.lock").write_text("4711")
    with serve.only_one(tmp_path) as after_a_kill:
        pass

    assert (first, after_an_orderly_end, after_a_kill) == (False, False, True)


def test_a_port_that_old_roles_still_hold_is_waited_for() -> None:
    other = socket.socket()
    other.bind(("127.0.0.1", 0))
    other.listen()
    port = other.getsockname()[1]
    threading.Timer(0.4, other.close).start()

    serve.wait_for_port("127.0.0.1", port, 10)

    assert other.fileno() == -1, "it came back before the old role let go"
    with socket.create_server(("127.0.0.1", port)) as ours:
        assert ours.getsockname()[1] == port


def test_the_first_start_makes_an_admin_and_later_ones_show_the_same_sign_in(kit: Kit) -> None:
    first = serve.prepare(kit)
    again = serve.prepare(kit)

    path = kit.settings.var / "sign-in.txt"
    assert first is not None
    assert first == again
    assert path.stat().st_mode & 0o777 == 0o600
    name, _, password = first.partition(" / ")
    with kit.db.reading() as session:
        assert people.check_password(session, name, password)


def test_a_broken_recipes_file_refuses_to_start(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("sepia: {width_px: 900}\n")

    with pytest.raises(imaging.RecipeError, match=r"PACKSHOT_RECIPES: mine\.yaml: sepia: height_px: Field required"):
        serve.prepare(make_kit(recipes=path))


def test_a_sign_in_whose_password_was_changed_is_shown_no_more(kit: Kit) -> None:
    serve.prepare(kit)

    with kit.db.writing() as session:
        people.set_password(session, people.find_user(session, "admin"), "another password", kit.now())

    assert serve.prepare(kit) is None


def test_the_practice_marketplaces_end_when_no_house_renews_their_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: ended.append((pid, number)))
    monkeypatch.setattr(practice, "LEASE_S", 0.3)
    lease = tmp_path / "lease"
    lease.touch()
    begun = time.monotonic()

    practice.follow_lease(lease, every=0.05)

    assert ended == [(os.getpid(), signal.SIGTERM)]
    assert time.monotonic() - begun > 0.2


def test_memory_of_this_process_is_known() -> None:
    assert 10 < life.memory_mb() < 20_000


@pytest.mark.slow
def test_everything_starts_answers_survives_a_killed_supervisor_and_stops(tmp_path: Path) -> None:
    port = practice.free_port(18000)
    environment = {**os.environ, "PACKSHOT_VAR": str(tmp_path / "var"), "PACKSHOT_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "app.cli", "serve", "--practice", "--port", str(port)]

    def ready() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=2).ok
        except requests.RequestException:
            return False

    with (tmp_path / "log").open("wb") as log:
        first = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        until(ready, 90)
        started = children(first.pid)
        first.kill()
        first.wait()
        second = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # at once: it waits for what still ends
        witness = [pid for pid, line in started.items() if " practice " in line]
        until(lambda: not any(is_alive(pid) for pid in started if pid not in witness), 40)
        assert [is_alive(pid) for pid in witness] == [True]  # what was sent can still be seen
        until(ready, 90)
        restarted = children(second.pid)
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 0

    said = (tmp_path / "log").read_text()
    assert len(set(re.findall(r"sign in: admin / (\S+)", said))) == 1
    assert not any(" practice " in line for line in restarted.values())  # the one that ran was taken over
    assert not any(is_alive(pid) for pid in {*started, *restarted})


def children(pid: int) -> dict[int, str]:
    """The processes whose parent is this one: pid -> command line."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and is_alive(int(folder.name)):
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == pid:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    return found
