"""`make run`: starts everything in order, says when it is usable, and ends it in reverse order.

Owns no data and no rule of the platform; what it starts is in `programs`, `postgres`, `valkey`.
"""

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from devstack import catalog, postgres, programs, seed, upstream, vacancy, valkey
from devstack.banner import Facts, Login, banner
from devstack.process import Child, ProcessGroup, ending, free_port
from devstack.state import Secrets, StateFolder, read_json, write_private
from devstack.upstream import Offer

SERVER_READY_TIMEOUT_S = 60.0  # replaying the log of a long session on a slow disk
PREPARE_TIMEOUT_S = 180.0  # every migration from nothing on a loaded CI machine
WEB_READY_TIMEOUT_S = 90.0
PROBE_TIMEOUT_S = 5.0
WATCH_INTERVAL_S = 0.2
# A process that someone kills is started again; one that keeps ending has a bug to be seen.
RESTARTS_MAX = 5


class StopRequested(BaseException):
    """Ctrl-C, a signal, or the end of our parent; not an error, so not an Exception."""


class PortTaken(Exception):
    """Something else listens where the dashboard should be."""


class Supervisor:
    """One running stack."""

    def __init__(self, state: StateFolder, group: ProcessGroup, *, port: int) -> None:
        self._state = state
        self._group = group
        self._port = port
        self._secrets = state.secrets()
        self._restarts = 0

    def start(self, real: Offer | None) -> Facts:
        """Bring everything up; returns when a call with the key would succeed."""
        state, group = self._state, self._group
        state.developer_file.unlink(missing_ok=True)
        self._start_servers()
        offer = real or self._start_demo_upstream(free_port())
        catalog.write(state, offer)
        group.run(programs.migrate(state), timeout_s=PREPARE_TIMEOUT_S)
        group.run(programs.seed(state), timeout_s=PREPARE_TIMEOUT_S)
        facts = self._facts(offer)
        self._start_platform(lambda: _answers(facts))
        write_private(state.developer_file, json.dumps(facts.document(), indent=2))
        return facts

    def start_empty(self) -> vacancy.Vacancy:
        """The same with nothing in it but the way to its wizard, and the demo upstream beside."""
        state, group = self._state, self._group
        state.developer_file.unlink(missing_ok=True)
        self._start_servers()
        offer = self._start_demo_upstream(state.kept_port("demo-upstream"))
        group.run(programs.migrate(state), timeout_s=PREPARE_TIMEOUT_S)
        group.run(programs.vacancy(state), timeout_s=PREPARE_TIMEOUT_S)
        told = vacancy.read(state, port=self._port, offer=offer)
        self._start_platform(told.answers)
        write_private(state.developer_file, json.dumps(told.document(), indent=2))
        return told

    def _start_platform(self, is_ready: Callable[[], bool]) -> None:
        """Web, worker and beat; returns when the first answers and the others still run."""
        state, group = self._state, self._group
        web = group.start(programs.web(state, self._port))
        worker = group.start(programs.worker(state))
        beat = group.start(programs.beat(state))
        group.await_ready(web, is_ready, timeout_s=WEB_READY_TIMEOUT_S)
        for child in (worker, beat):
            if (exit_code := child.exit_code) is not None:
                raise child.failure(ending(exit_code))

    def watch(self, *, parent: int | None) -> None:
        """Keep it up until a StopRequested; ProcessFailed when a process keeps ending.

        With `parent`, also stop when that process is gone: a killed `make` sends no signal.
        """
        while parent is None or os.getppid() == parent:
            if (child := self._group.find_ended()) is not None:
                self._start_again(child)
            time.sleep(WATCH_INTERVAL_S)
        raise StopRequested

    def _start_servers(self) -> None:
        """Those that the environment does not give, side by side; then tell where they are."""
        state, group, password = self._state, self._group, self._secrets.server_password
        database_url, redis_url = _given("DATABASE_URL"), _given("REDIS_URL")
        owner_url = _given("MIGRATE_DATABASE_URL") or database_url
        waiting = []
        own_postgres = None
        if not redis_url:
            port = free_port()
            redis_url = valkey.address(port=port, password=password)
            log = state.logs / "valkey.log"
            server = valkey.program(state.path / "valkey", port=port, password=password, log=log)
            waiting.append((group.start(server), valkey.is_ready, redis_url))
        if not database_url:
            cluster = postgres.prepare(group, state.path, logs=state.logs, password=password)
            own_postgres = port = free_port()
            owner_url = postgres.address(port=port, password=password)
            log = state.logs / "postgres.log"
            child = group.start(postgres.program(cluster, port=port, log=log))
            waiting.append((child, postgres.is_ready, owner_url))
        for child, is_ready, url in waiting:
            group.await_ready(child, partial(is_ready, url), timeout_s=SERVER_READY_TIMEOUT_S)
        if own_postgres is not None:
            database_url = self._app_database(own_postgres)
        settings = _settings(self._secrets, database_url, redis_url, self._port)
        settings["migrate_database_url"] = owner_url
        write_private(state.servers_file, json.dumps(settings, indent=2))

    def _app_database(self, port: int) -> str:
        """Where the embedded Postgres is for everything but migrations."""
        secrets = self._secrets
        app_password = secrets.app_password
        postgres.ensure_app_role(
            port=port, password=secrets.server_password, app_password=app_password
        )
        return postgres.address(port=port, password=app_password, role=postgres.APP_ROLE)

    def _start_demo_upstream(self, port: int) -> Offer:
        credential = self._secrets.demo_upstream_key
        child = self._group.start(programs.demo_upstream(self._state, port, credential))
        self._group.await_ready(child, lambda: _listens(port), timeout_s=WEB_READY_TIMEOUT_S)
        return upstream.demo_offer(port, credential)

    def _start_again(self, child: Child) -> None:
        failure = child.failure(ending(child.exit_code or 0))
        self._restarts += 1
        if self._restarts > RESTARTS_MAX:
            raise failure
        _say(f"{failure}\n{child.program.name}: starting it again")
        self._group.restart(child)

    def _facts(self, offer: Offer) -> Facts:
        return Facts(
            port=self._port,
            api_key=str(read_json(self._state.path / "seed.json")["api_key"]),
            model=offer.example_model,
            operator=Login(seed.OPERATOR_EMAIL, self._secrets.operator_password),
            customer=Login(seed.CUSTOMER_EMAIL, self._secrets.customer_password),
            is_demo=offer.is_demo,
        )


def run(directory: Path, *, port: int, seed: str | None, end_with_parent: bool) -> None:
    """Start, tell, watch, until asked to stop. Raises what went wrong, in words for a person."""
    parent = os.getppid() if end_with_parent else None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _request_stop)
    try:
        with ExitStack() as resources:
            state = StateFolder(directory)
            resources.callback(state.close)
            _check_port(port)
            _say("Starting Tollgate ...")
            group = resources.enter_context(ProcessGroup())
            # From here on nothing may interrupt the orderly end: a second Ctrl-C changes nothing.
            resources.callback(_ignore_signals)
            supervisor = Supervisor(state, group, port=port)
            if state.starts_empty(seed):
                told = supervisor.start_empty()
                _say(told.banner(developer_file=str(state.developer_file)))
            else:
                facts = supervisor.start(upstream.find_real())
                _say(banner(facts, developer_file=str(state.developer_file)))
            supervisor.watch(parent=parent)
    except StopRequested:
        _say("Tollgate is stopped.")


def _settings(secrets: Secrets, database_url: str, redis_url: str, port: int) -> dict[str, Any]:
    """servers.json: the variables of config.env, in lower case."""
    return {
        "devstack": True,
        "port": port,
        # The seeded operator logs in with the banner's password alone.
        "staff_second_factor": "optional",
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_key": secrets.secret_key,
        "api_key_pepper": secrets.api_key_pepper,
        "credential_keys": [secrets.credential_key],
    }


def _given(name: str) -> str:
    return os.environ.get(name, "")


def _check_port(port: int) -> None:
    with socket.socket() as listener:
        # As uvicorn does, or connections of the last run would block the port for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(1)
        except OSError as error:
            raise PortTaken(
                f"port {port} of 127.0.0.1 cannot be used ({error.strerror}).\n"
                "Choose another: make run PORT=8001"
            ) from error


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), PROBE_TIMEOUT_S):
            return True
    except OSError:
        return False


def _answers(facts: Facts) -> bool:
    """Whether the relay knows the key and the model: the last things to become true."""
    headers = {"Authorization": f"Bearer {facts.api_key}"}
    try:
        answer = httpx.get(
            f"{facts.base_url}/models", headers=headers, timeout=PROBE_TIMEOUT_S, trust_env=False
        )
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK and facts.model in answer.text


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequested


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _say(text: str) -> None:
    print(text, flush=True)
