"""A whole deployment for the fault tests: Postgres, Valkey, relays, worker and beat as child
processes on loopback, and a scripted upstream in this process. Whatever it starts, it ends.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx

from billing.gate.keys import holds_key, usage_key
from billing.gate.steward import Steward
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from devstack.process import Child, ProcessGroup, Program, free_port
from tests.servers import SETTINGS, start_postgres, start_valkey
from tests.stack import new_state_dir
from tests.warm import WarmPython, warm_python

CHECKOUT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
READY_S = 120.0  # a few seconds on a quiet machine; a starved one is no failure
POLL_S = 0.05  # a look costs the deployment a connection to Postgres
# The acceptance parameters, all shortened alike: Hold lifetime 90 s → 7.5 s, reaper 15 s → 1.25 s,
# outages of 60 s → 5 s.
HOLD_LIFETIME_MS = 7_500
UPSTREAM_KEY = "upstream-credential-for-tests"


@dataclass(frozen=True, slots=True)
class Customer:
    """An organization with a key, as `cast.py` makes it."""

    organization: str
    key_id: str
    secret: str


@dataclass
class Cluster:
    """The running deployment."""

    group: ProcessGroup
    python: WarmPython
    folder: Path
    env: Mapping[str, str]
    first: Running  # the upstream of every model's first route
    second: Running  # of its second
    relays: list[tuple[Child, str]] = field(default_factory=list)
    _sites: list[str] = field(default_factory=list)
    _prober: Customer | None = None

    def start_relay(
        self, application: str = "config.asgi:application", **env: str
    ) -> tuple[Child, str]:
        """One more relay; the child and its base URL. Controls serve another application."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        child = self._start(
            f"relay-{port}",
            *("uvicorn", application, "--host", "127.0.0.1", "--port", str(port)),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log"),
            **env,
        )
        self.group.await_ready(child, lambda: _answers(port), timeout_s=READY_S)
        return child, url + "/v1"

    def start_worker(self) -> Child:
        """A Celery worker; posting goes on within half a second of its being ready.

        On Linux it ends with the thread that started it: one that others need is no `to_thread`'s.
        """
        return self._start("worker", *WORKER)

    def end(self, child: Child) -> None:
        """SIGKILL: nothing is cleaned up by the child itself."""
        os.kill(child.pid, 9)
        self.group.end(child)

    def _start(self, name: str, *module: str, **env: str) -> Child:
        program = Program(
            name=name,
            argv=[sys.executable, "-m", *module],
            log=self.folder / f"{name}.log",
            env={**self.env, **env},
            cwd=CHECKOUT,
            stop_timeout_s=5.0,
        )
        return self.group.start(program)

    def manage(self, *arguments: str, is_ok: bool = True) -> Any:
        """A management command; the JSON object that it prints."""
        done = self.python.run("manage.py", *arguments)
        assert not is_ok or done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def apply(self, text: str) -> Any:
        """`catalog apply` of a YAML text; the JSON object that it prints."""
        file = self.folder / "applied.yaml"
        file.write_text(text)
        return self.manage("catalog", "apply", str(file))

    def customers(
        self, count: int, *, amount: str, site: str = "default", **key: Any
    ) -> list[Customer]:
        """`count` organizations, each credited `amount`, each with a key."""
        return self.cast([{"amount": amount, "site": site, "key": key}] * count)

    def cast(self, orders: Sequence[Mapping[str, Any]]) -> list[Customer]:
        """A customer for each order: `amount`, `site`, `plan`, `key` (what `mint` takes)."""
        done = self.python.run(str(HERE / "cast.py"), json.dumps(orders))
        assert done.returncode == 0, done.stderr
        return [Customer(**row) for row in json.loads(done.stdout)]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows straight from Postgres."""
        import psycopg

        with psycopg.connect(self.env["DATABASE_URL"]) as connection:
            return connection.execute(sql).fetchall()

    def settled_audit(self) -> dict[str, Any]:
        """The audit once nothing is held and nothing waits: the oracle of every test."""
        wait_until(self.is_quiet, timeout_s=HOLD_LIFETIME_MS / 1000 + READY_S)
        report: dict[str, Any] = self.manage("audit", "--json", is_ok=False)
        assert report["ok"], report
        return report

    def is_quiet(self) -> bool:
        """Whether every site's gate is open, no Hold is, and no usage event waits."""
        import redis

        if not self._sites:
            self._sites = [site for (site,) in self.query("SELECT id FROM accounts_site")]
        with redis.Redis.from_url(self.env["REDIS_URL"]) as client:
            steward = Steward(client)
            return all(
                steward.read_epoch(site)
                and not client.zcard(holds_key(site))
                and not client.xlen(usage_key(site))
                for site in self._sites
            )

    def recover(self) -> None:
        """Return when every relay serves and nothing is under way: fit for the next test file."""
        wait_until(self.is_quiet, timeout_s=READY_S)
        if self._prober is None:
            (self._prober,) = self.customers(1, amount="5.00")
        for _, url in self.relays:
            wait_until(lambda url=url: self._serves(url), timeout_s=READY_S)  # type: ignore[misc]
        wait_until(self.is_quiet, timeout_s=READY_S)

    def _serves(self, url: str) -> bool:
        """Whether a relay answers a call: gate, books and the first upstream's breaker are well."""
        assert self._prober is not None
        request = {"model": "single", "max_tokens": 8}
        content = "Tell me a story. [[demo: tokens=3]]"
        answer = httpx.post(
            f"{url}/chat/completions",
            json=request | {"messages": [{"role": "user", "content": content}]},
            headers={"authorization": f"Bearer {self._prober.secret}"},
            timeout=READY_S,
            trust_env=False,
        )
        return answer.status_code == 200


WORKER = (
    *("celery", "-A", "config", "worker", "--pool", "threads", "--concurrency", "2"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)


@contextmanager
def cluster(
    *, relays: int = 2, more: str = "", durable: bool = False, **settings: str
) -> Iterator[Cluster]:
    """A deployment with `relays` relays, one worker, one beat and two scripted upstreams.

    `more` is catalog YAML applied on top of `catalog`; `settings` are environment variables;
    `durable` is for figures: Postgres then writes as it does in production.
    """
    options = [Options(name=name, api_key=UPSTREAM_KEY) for name in ("first", "second")]
    with (
        new_state_dir() as folder,
        ProcessGroup() as group,
        running(options[0]) as first,
        running(options[1]) as second,
        warm_python(env := _servers(group, folder, durable=durable) | settings) as python,
    ):
        migrated = python.run("manage.py", "migrate", "--verbosity", "0")
        assert migrated.returncode == 0, migrated.stderr
        made = Cluster(group, python, folder, env, first, second)
        (folder / "catalog.yaml").write_text(catalog(first.base_url, second.base_url))
        made.manage("catalog", "apply", str(folder / "catalog.yaml"))
        if more:
            made.apply(more)
        made.start_worker()
        made._start(
            "beat",
            *("celery", "-A", "config", "beat", "--pidfile="),
            *("--schedule", str(folder / "schedule")),
        )
        made.relays = [made.start_relay() for _ in range(relays)]
        yield made


def _servers(group: ProcessGroup, folder: Path, *, durable: bool) -> dict[str, str]:
    """Start Postgres and Valkey; the variables that tell of them."""
    # Commit times tell how long usage waited for posting.
    database = start_postgres(group, folder, durable=durable, track_commit_timestamp="on")
    return (
        os.environ
        | SETTINGS
        | {
            "DATABASE_URL": database,
            "REDIS_URL": start_valkey(group, folder, durable=True),
            "STATE_DIR": str(folder),
            "HOLD_LIFETIME_MS": str(HOLD_LIFETIME_MS),
            "LOG_LEVEL": "INFO",
        }
    )


def catalog(first: str, second: str) -> str:
    """What the deployment sells: one model by either upstream, one at the dear price of #1."""
    return f"""
upstreams:
  - {{id: first, dialect: openai, base_url: "{first}", credential: {UPSTREAM_KEY}}}
  - {{id: second, dialect: openai, base_url: "{second}", credential: {UPSTREAM_KEY}}}
models:
  - id: scripted
    max_output_tokens: 4096
    context_tokens: 100000
    price: {{input: "1.00", cached_input: "0.25", output: "4.00"}}
    routes:
      - upstream: first
        name: scripted-upstream-name
        priority: 0
        cost: {{input: "0.50", output: "2.00"}}
      - {{upstream: second, name: scripted-upstream-name, priority: 1}}
  - id: single
    max_output_tokens: 4096
    context_tokens: 100000
    price: {{input: "1.00", output: "4.00"}}
    routes: [{{upstream: first, name: single}}]
  - id: dear
    max_output_tokens: 1000
    context_tokens: 100000
    price: {{input: "0", output: "75.00"}}
    routes: [{{upstream: first, name: dear}}]
plans:
  - {{id: default}}
sites:
  - id: default
    name: Acme AI
    domains: [127.0.0.1, localhost]
    currency: USD
    language: en
    plan: default
    models: all
  - id: forbidding
    name: Forbidding
    domains: [forbidding.localhost]
    currency: USD
    language: zh-hans
    plan: default
    models: all
    no_credit_status: 403
  - id: limiting
    name: Limiting
    domains: [limiting.localhost]
    currency: USD
    language: zh-hant
    plan: default
    models: all
    no_credit_status: 429
"""


def wait_until(is_so: Callable[[], bool], *, timeout_s: float, every_s: float = POLL_S) -> None:
    """Look until it is so; an assertion error when it never is."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {is_so}"
        time.sleep(every_s)


def _answers(port: int) -> bool:
    # Not httpx: loading its CAs at each look would take the time that the relay needs.
    with closing(HTTPConnection("127.0.0.1", port, timeout=1.0)) as connection:
        try:
            connection.request("GET", "/v1/models")
            return connection.getresponse().status == 401
        except (OSError, HTTPException):
            return False
