"""Operators add, change, pause and try out upstreams; a credential goes in and never comes out."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client
from django.urls import reverse

from relay.models import Upstream

SECRET = "sk-vendor-12345678"
NEW = {
    "id": "second",
    "base_url": "https://api.example.org/v1",
    "dialect": "openai",
    "provider": "",
    "credential": "sk-second-12345678",
}


@pytest.fixture
def vendor_url() -> Iterator[str]:
    """A vendor on loopback that knows one model and says hello."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body: object = {"choices": [{"message": {"content": "Hello there"}}]}
            if self.path.endswith("/models"):
                body = {"data": [{"id": "tiny-model"}]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_one_is_added_with_its_credential(operator: Client) -> None:
    response = operator.post(reverse("ops_upstream_new"), NEW)
    assert response.headers["Location"] == reverse("ops_upstream", args=["second"])
    assert Upstream.objects.get(pk="second").credential() == "sk-second-12345678"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "Second"},
        {"id": "vendor"},
        {"base_url": "ftp://x"},
        {"base_url": "https://user:pass@x/v1"},
        {"dialect": "cobol"},
        {"credential": "two\nlines"},
    ],
)
def test_nonsense_is_refused_and_the_credential_not_repeated(
    operator: Client, upstream: Upstream, wrong: dict[str, str]
) -> None:
    response = operator.post(reverse("ops_upstream_new"), NEW | wrong)
    assert response.status_code == 422
    assert Upstream.objects.count() == 1
    assert NEW["credential"] not in response.content.decode()


def test_an_empty_credential_keeps_the_stored_one(operator: Client, upstream: Upstream) -> None:
    changed = NEW | {"base_url": "https://api.example.com/v2", "credential": ""}
    assert operator.post(reverse("ops_upstream", args=["vendor"]), changed).status_code == 302
    upstream.refresh_from_db()
    assert (upstream.base_url, upstream.credential()) == ("https://api.example.com/v2", SECRET)


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/v1", "http://api.example.com/v1", "https://api.example.com:8443/v1"],
)
def test_a_stored_credential_does_not_go_to_another_host(
    operator: Client, upstream: Upstream, elsewhere: str
) -> None:
    address = reverse("ops_upstream", args=["vendor"])
    changed = NEW | {"base_url": elsewhere, "credential": ""}
    assert operator.post(address, changed).status_code == 422
    upstream.refresh_from_db()
    assert upstream.base_url == "https://api.example.com/v1"
    assert operator.post(address, changed | {"credential": "sk-known"}).status_code == 302


def test_pause_and_resume(operator: Client, upstream: Upstream) -> None:
    for active in ("0", "1"):
        operator.post(reverse("ops_upstream_switch", args=["vendor"]), {"active": active})
        upstream.refresh_from_db()
        assert upstream.is_active is (active == "1")


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "test"}])
def test_a_test_call_shows_what_the_upstream_said(
    operator: Client, upstream: Upstream, vendor_url: str, headers: dict[str, str]
) -> None:
    Upstream.objects.update(base_url=vendor_url)
    address = reverse("ops_try", args=["vendor"])
    response = operator.post(address, {"act": "call", "model": "tiny-model"}, headers=headers)
    text = response.content.decode()
    assert "Hello there" in text
    assert "HTTP 200" in text
    assert SECRET not in text
    # A fragment is the part alone; without a script the whole page comes back.
    assert ("<html" in text) is not bool(headers)


def test_its_models_are_listed(operator: Client, upstream: Upstream, vendor_url: str) -> None:
    Upstream.objects.update(base_url=vendor_url)
    response = operator.post(reverse("ops_try", args=["vendor"]), {"act": "models"})
    assert "tiny-model" in response.content.decode()


def test_a_call_without_a_model_name_is_not_made(operator: Client, upstream: Upstream) -> None:
    response = operator.post(reverse("ops_try", args=["vendor"]), {"act": "call", "model": ""})
    assert response.status_code == 422


def test_coming_back_to_a_result_tries_nothing(operator: Client, upstream: Upstream) -> None:
    response = operator.get(reverse("ops_try", args=["vendor"]))
    assert response.headers["Location"] == reverse("ops_upstream", args=["vendor"])
