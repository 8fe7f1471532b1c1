"""A test call says plainly how an upstream answers, within bounds, and never the credential."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django import Settings

from relay import upstream_checks, upstream_dialects, upstream_requests
from relay.models import Upstream

SECRET = "sk-vendor-12345678"


@dataclass
class Vendor:
    """A scripted vendor on loopback: answers every request alike and notes what it got."""

    port: int = 0
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    stalls: bool = False

    def says(self, document: object, status: int = 200) -> None:
        self.body, self.status = json.dumps(document).encode(), status


def handler_of(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            seen: dict[str, Any] = {
                "method": self.command,
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
            }
            seen["body"] = json.loads(self.rfile.read(length)) if length else None
            vendor.requests.append(seen)
            self.send_response(vendor.status)
            for name, value in vendor.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if vendor.stalls:
                vendor.release.wait(10)
                return
            self.wfile.write(vendor.body)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = Vendor()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(vendor))
    vendor.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield vendor
    vendor.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def upstream(vendor: Vendor) -> Upstream:
    upstream = Upstream(id="vendor", base_url=f"http://127.0.0.1:{vendor.port}/v1")
    upstream.set_credential(SECRET)
    return upstream


def completion(content: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content}}]}


def test_a_call_shows_status_latency_and_what_was_said(upstream: Upstream, vendor: Vendor) -> None:
    vendor.says(completion("Hello\n there"))
    result = upstream_checks.call(upstream, "gpt-x")
    assert (result.ok, result.status, result.model) == (True, 200, "gpt-x")
    assert result.sample == "Hello there"
    assert result.latency_ms >= 0
    assert result.error == ""


def test_the_request_is_small_and_carries_the_credential(
    upstream: Upstream, vendor: Vendor
) -> None:
    vendor.says(completion("Hello"))
    upstream_checks.call(upstream, "gpt-x")
    (seen,) = vendor.requests
    assert (seen["method"], seen["path"]) == ("POST", "/v1/chat/completions")
    assert seen["headers"]["authorization"] == f"Bearer {SECRET}"
    assert seen["headers"]["host"] == f"127.0.0.1:{vendor.port}"
    assert seen["body"]["model"] == "gpt-x"
    assert seen["body"]["max_tokens"] == upstream_dialects.OUTPUT_TOKENS_MAX


def test_models_are_listed_in_order(upstream: Upstream, vendor: Vendor) -> None:
    vendor.says({"object": "list", "data": [{"id": "b"}, {"id": "a"}]})
    result = upstream_checks.list_models(upstream)
    assert result.models == ("a", "b")
    assert vendor.requests[0]["path"] == "/v1/models"


def test_azures_models_are_asked_for_as_azure_wants_it(upstream: Upstream, vendor: Vendor) -> None:
    upstream.dialect = Upstream.Dialect.AZURE
    vendor.says({"data": [{"id": "gpt-x"}]})
    assert upstream_checks.list_models(upstream).models == ("gpt-x",)
    (seen,) = vendor.requests
    assert seen["path"] == "/v1/models?api-version=2024-10-21"
    assert seen["headers"]["api-key"] == SECRET
    assert "authorization" not in seen["headers"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_is_said_without_the_vendors_echo_of_it(
    upstream: Upstream, vendor: Vendor, status: int
) -> None:
    vendor.says({"error": {"message": "Incorrect API key: sk-ven****5678"}}, status)
    result = upstream_checks.call(upstream, "gpt-x")
    assert (result.ok, result.status) == (False, status)
    assert result.error == "The upstream refused the credential."


def test_other_errors_carry_the_vendors_words_but_not_the_credential(
    upstream: Upstream, vendor: Vendor
) -> None:
    vendor.says({"error": {"message": f"no model gpt-x for {SECRET}"}}, 404)
    result = upstream_checks.call(upstream, "gpt-x")
    assert "check the base URL and the model name" in result.error
    assert "no model gpt-x" in result.error
    assert SECRET not in result.error


def test_a_sample_never_holds_the_credential(upstream: Upstream, vendor: Vendor) -> None:
    vendor.says(completion(f"your key is {SECRET}"))
    assert SECRET not in upstream_checks.call(upstream, "gpt-x").sample


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"choices": []}', b'{"choices": [7]}', b"\xff", b"[" * 100_000]
)
def test_an_answer_of_another_shape_is_said_to_be_one(
    upstream: Upstream, vendor: Vendor, body: bytes
) -> None:
    vendor.body = body
    result = upstream_checks.call(upstream, "gpt-x")
    assert not result.ok
    assert "not what such an API gives" in result.error


def test_an_endless_answer_is_cut(
    upstream: Upstream, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream_requests, "BODY_BYTES_MAX", 1000)
    vendor.body = b"x" * 2000
    assert "longer than we read" in upstream_checks.call(upstream, "gpt-x").error


def test_a_silent_upstream_times_out(
    upstream: Upstream, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream_requests, "READ_TIMEOUT_S", 0.2)
    vendor.stalls = True
    assert "did not answer in time" in upstream_checks.call(upstream, "gpt-x").error


def test_a_redirect_is_not_followed(upstream: Upstream, vendor: Vendor) -> None:
    vendor.status, vendor.headers = 307, {"Location": f"http://127.0.0.1:{vendor.port}/other"}
    result = upstream_checks.call(upstream, "gpt-x")
    assert (result.ok, result.status, len(vendor.requests)) == (False, 307, 1)


def test_nothing_listening_is_said_so(upstream: Upstream, vendor: Vendor) -> None:
    upstream.base_url = "http://127.0.0.1:1/v1"
    assert upstream_checks.call(upstream, "m").error == "Nothing answers at that address."


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:{port}/v1",
        "http://localhost:{port}/v1",
        "http://2130706433:{port}/v1",
        "http://0x7f.1:{port}/v1",
        "http://0.0.0.0:{port}/v1",
        "http://[::ffff:127.0.0.1]:{port}/v1",
        "http://169.254.169.254/latest",
    ],
)
@pytest.mark.parametrize(
    "check", [upstream_checks.list_models, lambda u: upstream_checks.call(u, "m")]
)
def test_a_private_address_that_no_setting_lists_is_never_connected_to(
    upstream: Upstream,
    vendor: Vendor,
    settings: Settings,
    base_url: str,
    check: Callable[[Upstream], upstream_checks.CheckResult],
) -> None:
    settings.UPSTREAM_ALLOWED_NETWORKS = [ip_network("10.1.2.0/24")]
    upstream.base_url = base_url.format(port=vendor.port)
    result = check(upstream)
    assert not result.ok
    assert vendor.requests == []
    assert "private address" in result.error


@pytest.mark.parametrize(
    "key",
    ["sk-proj-4f9aQ2abcdefgh12345678", "AIzaSyA1234567890abcdefghijkl", "Bearer abcdef123456789x"],
)
def test_a_key_that_somebody_behind_the_upstream_tells_is_hidden(
    upstream: Upstream, vendor: Vendor, key: str
) -> None:
    vendor.says({"error": {"message": f"bad key {key} given"}}, 500)
    assert key not in (error := upstream_checks.call(upstream, "m").error)
    assert "given" in error


def test_a_credential_that_cannot_be_decrypted_is_said_so(upstream: Upstream) -> None:
    upstream.credentials[0]["secret"] = "not ours"
    assert "enter it again" in upstream_checks.call(upstream, "m").error
