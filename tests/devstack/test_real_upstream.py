"""`make run` sells what a given upstream lists, and says what is wrong with one that does not."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from devstack import upstream

KEY = "upstream-key"


class _Handler(BaseHTTPRequestHandler):
    """Answers by path: `/good`, `/empty`, `/html`, `/huge`, each with `/models` behind it."""

    def do_GET(self) -> None:
        answers = {
            "/good/models": json.dumps({"data": [{"id": "text-embed"}, {"id": "some-chat"}]}),
            "/empty/models": json.dumps({"data": []}),
            "/html/models": "<!doctype html>",
            "/huge/models": " " * (upstream.BODY_BYTES_MAX + 1),
        }
        allowed = self.headers["Authorization"] == f"Bearer {KEY}"
        self.send_response(200 if allowed else 401)
        self.end_headers()
        self.wfile.write(answers[self.path].encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output is not a log."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_no_upstream_given_means_none() -> None:
    assert upstream.find_real({"OPENAI_API_KEY": ""}) is None


def test_its_models_are_offered_and_the_example_is_one_that_chats(origin: str) -> None:
    offer = upstream.find_real({"UPSTREAM_BASE_URL": f"{origin}/good/", "UPSTREAM_API_KEY": KEY})
    assert offer is not None
    assert offer.models == ["text-embed", "some-chat"]
    assert offer.example_model == "some-chat"
    assert offer.base_url == f"{origin}/good"


@pytest.mark.parametrize(
    ("path", "key", "problem"),
    [
        ("/good", "wrong", "answered 401"),
        ("/empty", KEY, "lists no models"),
        ("/html", KEY, "does not answer with a list"),
        ("/huge", KEY, "does not answer with a list"),
    ],
)
def test_an_unusable_one_is_explained(origin: str, path: str, key: str, problem: str) -> None:
    with pytest.raises(upstream.UpstreamUnusable, match=problem) as refusal:
        upstream.fetch_models(origin + path, key)
    assert key not in str(refusal.value)


def test_one_that_does_not_listen_is_explained() -> None:
    with pytest.raises(upstream.UpstreamUnusable, match="does not answer"):
        upstream.fetch_models("http://127.0.0.1:1/v1", KEY)


@pytest.mark.parametrize("name", ["UPSTREAM_BASE_URL", "UPSTREAM_API_KEY"])
def test_half_of_a_pair_is_refused(name: str) -> None:
    with pytest.raises(upstream.UpstreamUnusable, match="both"):
        upstream.find_real({name: "http://127.0.0.1:1"})
