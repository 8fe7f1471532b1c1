"""Faults that we did not write: llmock breaks answers as vendors do, and judges our relay together
with a program behind it that only asks again when it is told that something went wrong."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.faults.cluster import Cluster, Customer, cluster
from tests.real.books import PRICE
from tests.real.fault_server import FaultServer, fault_server
from tests.scenarios.dialects.ask import Ask, data_of
from tests.scenarios.dialects.pairs import SPEECHES

pytest.importorskip("llmock", reason="make test-real installs it")
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

TEXT = "The sea is wide and blue, and it keeps its own time whatever the clocks may say of it."
AFTER_CHUNKS = 5  # in every dialect the answer has begun by then
STALL_S = 20
SILENCE_S = 2  # after which the relay gives a stream up
RETRY_AFTER_S = 2
TRIES_MAX = 4
# An upstream per fault, so that what breaks one leaves the others' circuits closed.
FAULTS = ("disconnect", "truncate", "stall", "malformed", "limited", "refused", "silent", "none")
UPSTREAMS = {
    "openai": ("openai", "/v1", "[openai]"),
    "openai-responses": ("openai", "/v1", "[responses]"),
    "anthropic": ("anthropic", "/anthropic/v1", "[anthropic]"),
    "gemini": ("gemini", "/gemini/v1beta", "[gemini]"),
    "groq": ("openai", "/groq/openai/v1", "[openai]"),
}
PASSED_THROUGH = [
    ("chat", "openai"),
    ("responses", "openai-responses"),
    ("messages", "anthropic"),
    ("gemini", "gemini"),
]
TRANSLATED = [
    ("chat", "anthropic"),
    ("chat", "gemini"),
    ("responses", "openai"),
    ("messages", "openai-responses"),
    ("gemini", "anthropic"),
]
PAIRS = PASSED_THROUGH + TRANSLATED


def _catalog(root: str) -> str:
    upstreams, models = "upstreams:\n", "models:\n"
    for fault in FAULTS:
        for name, (dialect, path, speaks) in UPSTREAMS.items():
            upstreams += (
                f"  - {{id: {name}-{fault}, dialect: {dialect}, base_url: '{root}{path}',"
                f" credential: any, quirks: {{speaks: {speaks}}}}}\n"
            )
            models += _model(f"{name}-{fault}", [f"{name}-{fault}"])
        models += _model(f"spare-{fault}", [f"openai-{fault}", f"groq-{fault}"])
    return upstreams + models


def _model(name: str, upstreams: list[str]) -> str:
    routes = ", ".join(
        f"{{upstream: {upstream}, name: gpt-4o, priority: {number}}}"
        for number, upstream in enumerate(upstreams)
    )
    return (
        f"  - {{id: {name}, max_output_tokens: 4096, context_tokens: 100000, price: {PRICE},"
        f" routes: [{routes}]}}\n"
    )


@dataclass(frozen=True, slots=True)
class Program:
    """A customer's program."""

    http: httpx.Client
    root: str
    customer: Customer

    def send(self, client: str, model: str, *, is_stream: bool = True) -> httpx.Response:
        """One request, the same each time."""
        ask = Ask("Tell me of the sea.", is_stream)
        sent = SPEECHES[client].sent(ask, model, self.customer.secret)
        path = f"{sent.path}?{sent.query.decode()}" if sent.query else sent.path
        return self.http.post(self.root + path, content=sent.body, headers=dict(sent.headers))

    def send_until_answered(self, client: str, model: str, *, is_stream: bool) -> httpx.Response:
        """Asks again when refused for now, and not before it may."""
        for _ in range(TRIES_MAX):
            answer = self.send(client, model, is_stream=is_stream)
            if answer.status_code not in (429, 503):
                return answer
            time.sleep(int(answer.headers["retry-after"]))
        pytest.fail("never answered")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultServer]:
    with fault_server(tmp_path_factory.mktemp("llmock")) as running:
        yield running


@pytest.fixture(scope="module")
def program(server: FaultServer) -> Iterator[Program]:
    """Asks the one relay of a deployment, whose books must be right in the end."""
    limits = {
        "UPSTREAM_FIRST_BYTE_S": str(SILENCE_S),
        "UPSTREAM_BETWEEN_BYTES_S": str(SILENCE_S),
    }
    with (
        cluster(relays=1, more=_catalog(server.root_url), **limits) as deployment,
        httpx.Client(trust_env=False, timeout=60.0) as http,
    ):
        yield _program(deployment, http)
        deployment.settled_audit()


def _program(deployment: Cluster, http: httpx.Client) -> Program:
    (customer,) = deployment.customers(1, amount="5.00")
    return Program(http, deployment.relays[0][1].removesuffix("/v1"), customer)


def fault(kind: str) -> dict[str, object]:
    """One fault of a stream."""
    return {
        "type": "stream_fault",
        "kind": kind,
        "after_chunks": AFTER_CHUNKS,
        "stall_seconds": STALL_S,
    }


REPLY = {"type": "reply", "text": TEXT, "times": None}


def text_of(client: str, stream: bytes) -> str:
    """The text of a stream that ended well; AssertionError or ValueError for any other."""
    if client != "responses":
        return SPEECHES[client].stream(stream).text
    # llmock's events have not all that the newest official types want.
    events = [json.loads(data) for data in data_of(stream)]
    assert events[-1]["type"] == "response.completed"
    deltas = [each["delta"] for each in events if each["type"] == "response.output_text.delta"]
    return "".join(deltas)


@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_a_whole_answer_is_read(
    server: FaultServer, program: Program, pair: tuple[str, str]
) -> None:
    client, upstream = pair
    server.begin(REPLY)
    assert text_of(client, program.send(client, f"{upstream}-none").content) == TEXT
    whole = program.send(client, f"{upstream}-none", is_stream=False)
    assert TEXT in whole.text
    server.assert_passed(faults=0)


@pytest.mark.parametrize("kind", ["disconnect", "truncate", "stall"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_a_stream_that_breaks_off_is_told_as_broken(
    server: FaultServer, program: Program, pair: tuple[str, str], kind: str
) -> None:
    client, upstream = pair
    server.begin(fault(kind), REPLY)
    began_at = time.monotonic()
    first = program.send(client, f"{upstream}-{kind}")
    assert time.monotonic() - began_at < STALL_S
    assert first.status_code == 200
    told = SPEECHES[client].broken(first.content)  # what makes the program ask again
    assert told.message
    assert "llmock" not in first.text.lower()
    assert text_of(client, program.send(client, f"{upstream}-{kind}").content) == TEXT
    server.assert_passed(faults=1)


@pytest.mark.parametrize("pair", TRANSLATED, ids="-on-".join)
def test_a_broken_chunk_is_told_where_it_is_translated(
    server: FaultServer, program: Program, pair: tuple[str, str]
) -> None:
    client, upstream = pair
    server.begin(fault("malformed"), REPLY)
    first = program.send(client, f"{upstream}-malformed")
    assert SPEECHES[client].broken(first.content).message
    assert text_of(client, program.send(client, f"{upstream}-malformed").content) == TEXT
    server.assert_passed(faults=1, warned=("malformed_chunk_ignored",))


@pytest.mark.parametrize("pair", PASSED_THROUGH, ids="-on-".join)
def test_a_broken_chunk_is_seen_where_bytes_pass_through(
    server: FaultServer, program: Program, pair: tuple[str, str]
) -> None:
    client, upstream = pair
    server.begin(fault("malformed"), REPLY)
    first = program.send(client, f"{upstream}-malformed")
    with pytest.raises(ValueError, match=r"(?i)json|Unterminated|Expecting"):
        text_of(client, first.content)
    assert text_of(client, program.send(client, f"{upstream}-malformed").content) == TEXT
    # We read no JSON per chunk, so it is the program that notices.
    server.assert_passed(faults=1, warned=("malformed_chunk_ignored",))


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_a_wait_that_is_asked_for_is_kept(
    server: FaultServer, program: Program, pair: tuple[str, str], *, is_stream: bool
) -> None:
    client, upstream = pair
    server.begin({"type": "fail", "status": 429, "retry_after": RETRY_AFTER_S, "times": 2}, REPLY)
    answer = program.send_until_answered(client, f"{upstream}-limited", is_stream=is_stream)
    assert answer.status_code == 200
    server.assert_passed(faults=2)
    first, second, third = server.requests()
    assert second["started_at"] - first["ended_at"] >= RETRY_AFTER_S
    assert third["started_at"] - second["ended_at"] >= RETRY_AFTER_S


@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_who_asks_before_the_wait_is_over_is_answered_by_us_alone(
    server: FaultServer, program: Program, pair: tuple[str, str]
) -> None:
    client, upstream = pair
    server.begin({"type": "fail", "status": 429, "retry_after": RETRY_AFTER_S}, REPLY)
    for _ in range(3):
        assert program.send(client, f"{upstream}-limited").status_code == 503
    assert len(server.requests()) == 1
    answer = program.send_until_answered(client, f"{upstream}-limited", is_stream=True)
    assert answer.status_code == 200
    server.assert_passed(faults=1)


@pytest.mark.parametrize("pair", [*PAIRS, ("chat", "spare")], ids="-on-".join)
def test_what_no_retry_can_mend_is_asked_once(
    server: FaultServer, program: Program, pair: tuple[str, str]
) -> None:
    client, upstream = pair
    server.begin({"type": "fail", "status": 400}, REPLY)
    answer = program.send(client, f"{upstream}-refused")
    assert answer.status_code == 400
    assert SPEECHES[client].error(answer.content).message
    assert len(server.requests()) == 1
    server.assert_passed(faults=1)


@pytest.mark.parametrize(
    ("name", "behavior"),
    [
        ("limited", {"type": "fail", "status": 429, "retry_after": 30}),
        ("refused", {"type": "fail", "status": 500}),
        ("silent", {"type": "slow_first_token", "seconds": STALL_S}),
        ("disconnect", {"type": "stream_fault", "kind": "disconnect", "after_chunks": 0}),
        ("truncate", {"type": "stream_fault", "kind": "truncate", "after_chunks": 0}),
    ],
)
def test_another_upstream_answers_before_the_program_notices(
    server: FaultServer, program: Program, name: str, behavior: dict[str, object]
) -> None:
    match = {"path": "/v1/*", "stream": True}
    server.begin(behavior | {"match": match}, REPLY)
    answer = program.send("chat", f"spare-{name}")
    assert text_of("chat", answer.content) == TEXT
    asked = [request["path"] for request in server.requests()]
    assert sorted(asked) == ["/groq/openai/v1/chat/completions", "/v1/chat/completions"]
