"""The deployment that `bench.pages` measures, at a thousandth: its books are right, and no page
asks the database more often than a screen may."""

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.big import filling, pages
from bench.big.pages import Ask, People
from bench.big.size import Size
from billing import audit, gates, usage_days

SCALE = 0.001
# What a screen may cost, the session's and the shell's own queries included.
QUERIES_MAX = 15


@pytest.fixture
def deployment(db: None, empty_redis: object) -> None:
    with connection.cursor() as cursor:
        filling.fill_small(cursor, Size.at_scale(SCALE))
        # As autovacuum does: without it the planner knows of empty tables.
        cursor.execute("ANALYZE")
    usage_days.fold()
    gates.open_gates()


def test_its_books_pass_the_audit(deployment: None) -> None:
    report = audit.run()
    assert [finding for finding in report.findings if not finding.is_ok] == []
    looked_at = {finding.id: finding.checked for finding in report.findings}
    assert looked_at["I6"] == Size.at_scale(SCALE).records
    assert looked_at["I7"] == Size.at_scale(SCALE).organizations


def test_every_page_answers_in_few_queries(deployment: None) -> None:
    people = pages.people()
    answered, many = 0, []
    for ask in pages.asks():
        with CaptureQueriesContext(connection) as asked:
            status = _open(people, ask)
        assert status < 500, ask
        answered += status == 200
        if status == 200 and len(asked) > QUERIES_MAX:
            many.append((len(asked), ask.person, ask.address))
    assert many == []
    assert answered > 150  # of about two hundred; the rest is led on, or takes a POST


def _open(people: People, ask: Ask) -> int:
    client = Client(headers={"host": pages.HOST})
    if ask.is_api:
        bearer = f"Bearer {people.tokens.get(ask.person, '')}"
        return client.get(ask.address, headers={"authorization": bearer}).status_code
    client.cookies[settings.SESSION_COOKIE_NAME] = people.sessions[ask.person]
    return client.get(ask.address).status_code
