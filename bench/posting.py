"""How fast usage is posted: events per second from the stream to a committed ledger, one worker.

Starts its own durable Postgres and Valkey. Usage: python -m bench.posting [--events N]
[--organizations 1,1000]. Prints the wall clock's figure and the CPU time behind it, which other
work on the machine does not change. The target is 10,000 events/s (two quiet cores).
"""

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from devstack.process import ProcessGroup
from tests.servers import SETTINGS, start_postgres, start_valkey

EVENTS_PER_PIPELINE = 1_000
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SITE = "bench"
MODELS = ("small", "large", "huge")
TOKENS = (812, 64, 341)  # input, cached input, output
OPENING_NANOS = 10**15
# As `billing.tasks` does: a drain ends after so long, and the next tick's follows.
DRAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds so far: on the wall, and of CPU in worker, Postgres and Redis."""

    wall: float
    worker: float
    postgres: float
    redis: float

    def since(self, start: "Clock") -> "Clock":
        return Clock(
            self.wall - start.wall,
            self.worker - start.worker,
            self.postgres - start.postgres,
            self.redis - start.redis,
        )


def read_clock() -> Clock:
    from django.db import connection

    from billing import connections

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    cpu = connections.redis().info("cpu")
    return Clock(
        wall=time.perf_counter(),
        worker=time.process_time(),
        postgres=(int(fields[11]) + int(fields[12])) / TICKS_PER_S,
        redis=float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"]),
    )


def sell(organizations: int) -> list[tuple[str, str]]:
    """A site with models and rich customers, its gate open; the customers and their keys."""
    from django.db import connection, transaction

    from accounts import api_keys
    from accounts.models import Organization, Site
    from billing import connections, gates, ledger
    from billing.ledger import AccountKind, Posting, TransactionKind

    connections.redis().flushall()
    site, _ = Site.objects.get_or_create(pk=SITE, defaults={"name": "Bench"})
    made = [
        Organization(id=f"org_{organizations}_{n}", name=f"Bench {n}", site=site)
        for n in range(organizations)
    ]
    Organization.objects.bulk_create(made)
    ledger.post_all(
        [
            Posting(
                site_id=SITE,
                kind=TransactionKind.GRANT,
                external_id=f"bench:{each.pk}",
                amounts={
                    ledger.customer(SITE, each.pk): OPENING_NANOS,
                    ledger.house(SITE, AccountKind.GRANTS): -OPENING_NANOS,
                },
            )
            for each in made
        ]
    )
    gates.open_gates()
    # As autovacuum does every minute: a table that is a thousand times what it was when the
    # session's plans were made is no deployment's.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with transaction.atomic():
        return [(each.pk, api_keys.mint(each, name="bench").key.pk) for each in made]


def append(customers: list[tuple[str, str]], count: int) -> None:
    """The events of `count` Calls, as the gate's settle script leaves them."""
    from billing import connections, events
    from billing.gate.keys import organization_key, usage_key
    from billing.prices import version_of
    from billing.pricing import Buckets, price
    from tests.factories import billing

    versions = [version_of(billing.default_price(model)) for model in MODELS]
    charges = [price(Buckets(*TOKENS), version) for version in versions]
    now_ms = time.time_ns() // 1_000_000
    redis = connections.redis()
    for first in range(0, count, EVENTS_PER_PIPELINE):
        pipeline = redis.pipeline(transaction=False)
        for n in range(first, min(count, first + EVENTS_PER_PIPELINE)):
            organization, key = customers[n * 7919 % len(customers)]
            charge, model = charges[n % len(MODELS)], MODELS[n % len(MODELS)]
            event = events.UsageEvent(
                request_id=f"req_{len(customers):06d}{n:018x}",
                site=SITE,
                organization=organization,
                api_key=key,
                endpoint="chat/completions",
                model=model,
                ending="completed",
                status=200,
                admitted_at_ms=now_ms - count + n,
                ended_at_ms=now_ms - count + n + 900,
                duration_ms=900,
                price_id=versions[n % len(MODELS)].id,
                hold_nanos=2 * charge.nanos,
                upstream="demo",
                is_stream=True,
                input_tokens=TOKENS[0],
                cached_input_tokens=TOKENS[1],
                output_tokens=TOKENS[2],
                lines=charge.lines,
                cost_nanos=charge.nanos // 2,
                attempts=(events.Attempt("demo", 200, "", 850),),
                first_byte_ms=120,
            )
            money = organization_key(SITE, organization)
            pipeline.hincrby(money, "available", -charge.nanos)
            pipeline.hincrby(money, "unposted", charge.nanos)
            pipeline.xadd(
                usage_key(SITE),
                {
                    "request_id": event.request_id,
                    "organization": organization,
                    "key": key,
                    "debited": charge.nanos,
                    "written_off": 0,
                    "state": "settled",
                    "ending": "completed",
                    "event": events.encode(event),
                },
            )
        pipeline.execute()


def post_all() -> int:
    from billing import posting

    posted = 0
    while done := posting.drain(SITE, "bench", until_s=time.monotonic() + DRAIN_S):
        posted += done
    return posted


def measure(organizations: int, events: int, profile: str) -> None:
    from billing import audit

    customers = sell(organizations)
    append(customers, events)
    start = read_clock()
    if profile:
        import cProfile

        with cProfile.Profile() as profiler:
            posted = post_all()
        profiler.dump_stats(f"{profile}.{organizations}")
    else:
        posted = post_all()
    took = read_clock().since(start)
    if posted != events:
        raise RuntimeError(f"{posted} of {events} events were posted")
    broken = [each.as_json() for each in audit.run().findings if not each.is_ok]
    if broken:
        raise RuntimeError(f"the audit found {broken}")
    cpu_us = (took.worker + took.postgres + took.redis) / events * 1e6
    print(
        f"{organizations:5d} organizations: {events / took.wall:6.0f} events/s;"
        f" CPU {cpu_us:.0f} us each (worker {took.worker / events * 1e6:.0f},"
        f" Postgres {took.postgres / events * 1e6:.0f}, Redis {took.redis / events * 1e6:.0f})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--organizations", default="1,1000")
    parser.add_argument("--profile", default="", help="write cProfile's figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ProcessGroup() as group:
        path = Path(folder)
        path.chmod(0o711)  # as root, Postgres runs under another account and must get in
        os.environ.update(SETTINGS)
        os.environ["DATABASE_URL"] = start_postgres(group, path, durable=True)
        os.environ["REDIS_URL"] = start_valkey(group, path)
        os.environ["STATE_DIR"] = folder
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        for organizations in options.organizations.split(","):
            measure(int(organizations), options.events, options.profile)


if __name__ == "__main__":
    main()
