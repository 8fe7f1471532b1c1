"""A call is tried without making it: by the relay's own choice, with a reason for every route that
it would not ask."""

import time

import pytest

from accounts.models import Site
from billing import prices
from billing.models import Model, Plan, SiteTerms
from relay import dry_run
from relay.dry_run import Closed, Question, Verdict
from relay.health_reports import Report, TripReport
from relay.models import Route, Upstream
from relay.proxy.preferences import Wishes

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(site: Site) -> Model:
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(pk="default"))
    model = Model.objects.create(pk="m/one")
    prices.publish(model, components={"input": 1, "output": 1})
    return model


def upstream(name: str, **changes: object) -> Upstream:
    made = Upstream(id=name, base_url=f"https://{name}.example/v1", provider=name, **changes)
    made.set_credential(f"sk-{name}")
    made.save()
    return made


def route(model: Model, to: Upstream, priority: int = 0, **changes: object) -> Route:
    return Route.objects.create(model=model, upstream=to, name="one", priority=priority, **changes)


def verdicts(model: Model, site: Site, **asked: object) -> dict[str, Verdict]:
    outcome = dry_run.run(Question(model, site, **asked))  # type: ignore[arg-type]
    return {line.route.upstream_id: line.verdict for line in outcome.lines}


def test_shares_follow_priority_and_weight(model: Model, site: Site) -> None:
    route(model, upstream("light"), weight=1)
    route(model, upstream("heavy"), weight=3)
    route(model, upstream("next"), priority=1)
    route(model, upstream("last"), priority=2)
    outcome = dry_run.run(Question(model, site))
    found = {line.route.upstream_id: line for line in outcome.lines}
    assert outcome.closed is None
    assert 70 <= found["heavy"].percents[0] <= 80
    assert found["heavy"].percents[0] + found["light"].percents[0] == 100
    assert found["next"].percents == [0, 0, 100]
    assert found["last"].verdict is Verdict.SPARE


def test_what_is_switched_off_paused_or_unreadable_says_so(model: Model, site: Site) -> None:
    route(model, upstream("off"), is_active=False)
    route(model, upstream("paused", is_active=False))
    broken = upstream("broken")
    Upstream.objects.filter(pk=broken.pk).update(
        credentials=[broken.credentials[0] | {"secret": "not ours"}]
    )
    route(model, broken)
    assert verdicts(model, site) == {
        "off": Verdict.ROUTE_OFF,
        "paused": Verdict.UPSTREAM_PAUSED,
        "broken": Verdict.UNUSABLE,
    }


def test_what_a_relay_leaves_alone_is_passed_over_until_its_next_try(
    model: Model, site: Site
) -> None:
    now = time.time()
    refused, full = upstream("refused"), upstream("full", concurrency_max=4)
    route(model, upstream("resting"))
    route(model, refused)
    route(model, full)
    route(model, upstream("well"), priority=5)
    credential = refused.held()[0].id
    trips = (
        TripReport("resting", "", "open", "status_500", 10, now, now + 30),
        TripReport("refused", credential, "open", "status_401", 1, now, now + 5),
    )
    report = Report("relay-1", now, trips, {"full": 2})
    outcome = dry_run.run(Question(model, site, report=report, relays=2))
    found = {line.route.upstream_id: line for line in outcome.lines}
    assert {name: line.verdict for name, line in found.items()} == {
        "resting": Verdict.UPSTREAM_RESTS,
        "refused": Verdict.CREDENTIALS_REST,
        "full": Verdict.FULL,  # 2 of the 4, which two relays share
        "well": Verdict.TRIED,
    }
    assert found["well"].percents == [100, 0, 0]
    until = found["resting"].until
    assert until is not None
    assert abs(until.timestamp() - (now + 30)) < 0.01
    # Over, and due for a probe: it is asked again.
    over = TripReport("resting", "", "half-open", "status_500", 10, now - 60, now - 1)
    again = verdicts(model, site, report=Report("relay-1", now, (over,)))
    assert again["resting"] is Verdict.TRIED


def test_wishes_narrow_and_order_it(model: Model, site: Site) -> None:
    route(model, upstream("openai"))
    route(model, upstream("azure"))
    only = Wishes(only=frozenset({"azure"}))
    assert verdicts(model, site, wishes=only) == {
        "openai": Verdict.NOT_WANTED,
        "azure": Verdict.TRIED,
    }
    outcome = dry_run.run(Question(model, site, wishes=Wishes(allows_fallbacks=False)))
    assert outcome.tries_max == 1
    nobody = dry_run.run(Question(model, site, wishes=Wishes(only=frozenset({"nobody"}))))
    assert nobody.refused == "invalid_request"
    assert {line.verdict for line in nobody.lines} == {Verdict.NOT_WANTED}


def test_what_closes_the_model_is_told_first(model: Model, site: Site) -> None:
    route(model, upstream("well"))
    other = Model.objects.create(pk="m/unpriced")
    assert dry_run.run(Question(other, site)).closed is Closed.NO_PRICE
    site.terms.offers_all_models = False
    site.terms.save()
    assert dry_run.run(Question(model, site)).closed is Closed.NOT_SOLD
    model.is_active = False
    assert dry_run.run(Question(model, site)).closed is Closed.MODEL_OFF
    site.is_active = False
    assert dry_run.run(Question(model, site)).closed is Closed.SITE_SUSPENDED
