"""From an empty database to a paying customer of a second site without a browser: a catalog file,
the management API, and the commands that make the first operator and token."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import httpx
import pytest
import yaml

from tests.scenarios.empty import client_of, empty_stack
from tests.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

OPERATOR = "operator@reseller.example"
HOST = "second.localhost"
DEADLINE_S = 60.0
PAID_NANOS = 5_000_000_000


@pytest.fixture(scope="module")
def empty() -> Iterator[Stack]:
    with empty_stack() as made:
        yield made


def catalog(stack: Stack) -> dict[str, Any]:
    """One upstream, one model with its price, two sites."""
    upstream = stack.facts["upstream"]
    model = upstream["models"][0]
    connection = {name: upstream[name] for name in ("base_url", "credential")}
    site = {"currency": "CNY", "preset": "openai", "plan": "default", "models": "all"}
    return {
        "upstreams": [{"id": "vendor", "dialect": "openai"} | connection],
        "models": [
            {
                "id": model,
                "max_output_tokens": 4096,
                "context_tokens": 128000,
                "price": {"input": "1.00", "cached_input": "0.50", "output": "3.00"},
                "routes": [{"upstream": "vendor", "name": model}],
            }
        ],
        "plans": [{"id": "default", "requests_per_minute": 600}],
        "sites": [
            site | {"id": "first", "name": "First", "domains": ["127.0.0.1"], "language": "en"},
            site | {"id": "second", "name": "第二站", "domains": [HOST], "language": "zh-hans"},
        ],
    }


class Api:
    """The management API of the second site, as the operator's own token reaches it."""

    def __init__(self, stack: Stack, secret: str) -> None:
        root = f"{stack.facts['dashboard_url']}api/v1/"
        headers = {"Authorization": f"Bearer {secret}", "Host": f"{HOST}:{stack.port}"}
        self._http = httpx.Client(
            base_url=root, headers=headers, timeout=DEADLINE_S, trust_env=False
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        return self._read(self._http.get(path))

    def post(self, path: str, **body: Any) -> Any:
        headers = {"Idempotency-Key": f"{path}-1"}
        return self._read(self._http.post(path, json=body, headers=headers))

    def _read(self, answer: httpx.Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
def open_api(empty: Stack) -> Iterator[Callable[[str], Api]]:
    with ExitStack() as stack:
        yield lambda secret: stack.enter_context(closing(Api(empty, secret)))


def test_programs_are_all_that_it_takes(empty: Stack, open_api: Callable[[str], Api]) -> None:
    assert httpx.get(empty.facts["dashboard_url"], trust_env=False).headers["Location"] == "/setup"
    file = empty.state_dir / "mine.yaml"
    file.write_text(yaml.safe_dump(catalog(empty), allow_unicode=True))
    assert empty.manage("catalog", "apply", str(file))
    empty.manage("create_operator", "--email", OPERATOR)
    token = empty.manage(
        *("create_token", "--email", OPERATOR, "--kind", "personal", "--site", "second")
    )
    api = open_api(token["secret"])
    assert (api.get("me")["is_operator"], api.get("site")["language"]) == (True, "zh-hans")

    organization = api.post("organizations", name="Initech")["id"]
    money = {"amount_nanos": str(PAID_NANOS), "reason": "Invoice 1", "external_id": "invoice-1"}
    api.post(f"site/customers/{organization}/credit", **money, kind="top_up")
    secret = api.post(f"organizations/{organization}/keys", name="prod")["secret"]

    model = empty.facts["upstream"]["models"][0]
    with client_of(empty, host=HOST, secret=secret) as client:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Hello"}]
        )
    assert answer.usage is not None
    nanos = answer.usage.prompt_tokens * 1_000 + answer.usage.completion_tokens * 3_000
    deadline = time.monotonic() + DEADLINE_S
    while api.get(f"organizations/{organization}/balance")["posted_nanos"] != str(
        PAID_NANOS - nanos
    ):
        assert time.monotonic() < deadline, "the call was not booked as expected"
        time.sleep(0.5)
    assert empty.manage("audit", "--json")["ok"]
    wizard = httpx.get(empty.facts["setup_url"], trust_env=False)
    assert wizard.status_code == httpx.codes.NOT_FOUND
