"""Every operation answers as its own document says, whatever it is sent: no fault of ours, no
status, type or field that is not in the document."""

import functools
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from redis import Redis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from accounts.api.schema import document
from accounts.models import Organization, Site
from billing.models import Model
from relay.models import Upstream
from tests.api.programs import Program
from tests.factories import calls

# So many requests of each kind of caller for each operation: the whole file is a matter of seconds.
EXAMPLES = 3
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# Ids that exist: with others every answer is a 404.
KNOWN = {"organization_id": "org_acme", "upstream_id": "vendor", "model_id": "m/one"}


@functools.cache
def schema() -> Any:
    return schemathesis.openapi.from_dict(document())


def operations() -> Iterator[Any]:
    for result in schema().get_all_operations():
        yield result.ok()


NAMES = [f"{each.method.upper()} {each.path}" for each in operations()]


@pytest.fixture
def application() -> Iterator[Any]:
    """The whole of Django, which leaves the test's own connection open as its test client does."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield get_wsgi_application()
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def deployment(gate: Redis, site: Site, acme: Organization, settings: Any) -> None:
    """Something of each kind."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    calls.refusal(acme)
    calls.record(acme)
    # Nobody answers there, and no name is looked up.
    upstream = Upstream(id="vendor", base_url="http://127.0.0.1:1/v1", provider="openai")
    upstream.save()
    Model.objects.create(pk="m/one")


def callers_of(path: str) -> list[str]:
    """Whose programs an address is for."""
    if "/ops/" in path:
        return ["operators"]
    return ["keepers"] if re.search(r"/site(/|$)", path) else ["ours"]


@pytest.mark.parametrize(
    ("name", "who"), [(name, who) for name in NAMES for who in callers_of(name)]
)
def test_an_operation_keeps_its_contract(
    deployment: None,
    application: Any,
    request: pytest.FixtureRequest,
    name: str,
    who: str,
) -> None:
    program: Program = request.getfixturevalue(who)
    operation = next(each for each in operations() if name == f"{each.method.upper()} {each.path}")

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        for parameter, value in KNOWN.items():
            if parameter in (case.path_parameters or {}):
                case.path_parameters[parameter] = value
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {program.secret}"}
        response = case.call(app=application, base_url="http://testserver")
        case.validate_response(response, checks=CHECKS)  # raises what does not conform
        assert response.status_code < 500

    run()
