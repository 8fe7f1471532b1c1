"""GitHub, Google and OpenID Connect appear when their client ids are set, each on its own.

What is offered is decided when the process starts, so that a process of its own is asked.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest
from django.db import connection

ASK = """
import json, sys, django
django.setup()
from django.conf import settings
from django.test import Client
page = Client(HTTP_HOST="acme.example")
from accounts.models import Site, SiteDomain
site = Site.objects.create(pk="acme", name="Acme")
SiteDomain.objects.create(domain="acme.example", site=site)
try:
    login = page.get("/accounts/login/")
    answers, words = {}, {}
    for name in sys.argv[1:]:
        answer = page.post(f"/accounts/{name}/login/")
        answers[name] = [answer.status_code, answer.headers.get("Location", "")]
        words[name] = answer.content.decode()
    print(json.dumps({
        "buttons": [w for w in ("GitHub", "Google", "Our SSO") if w in login.content.decode()],
        "policy": login.headers["Content-Security-Policy"],
        "answers": answers,
        "words": words,
    }))
finally:
    site.delete()
"""
GITHUB = {"GITHUB_CLIENT_ID": "gh-id", "GITHUB_CLIENT_SECRET": "gh-secret"}
GOOGLE = {"GOOGLE_CLIENT_ID": "g-id", "GOOGLE_CLIENT_SECRET": "g-secret"}

pytestmark = pytest.mark.django_db(transaction=True)


def ask(*names: str, **more: str) -> dict[str, object]:
    """What a process with these variables offers, and answers when these buttons are pressed."""
    database = urlsplit(os.environ["DATABASE_URL"])
    name = "/" + connection.settings_dict["NAME"]
    env = os.environ | {"DATABASE_URL": database._replace(path=name).geturl()} | more
    command = [sys.executable, "-c", ASK, *names]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@contextmanager
def sso_that_says(body: bytes | None) -> Iterator[str]:
    """The address of a server that answers everything with `body`, or of nobody at all."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        if body is None:
            server.server_close()
            yield address
            return
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield address
        server.shutdown()
        thread.join()


def test_nothing_is_offered_that_is_not_set_up() -> None:
    found = ask("github", "google", "oidc")
    assert found["buttons"] == []
    assert found["answers"] == {name: [404, ""] for name in ("github", "google", "oidc")}


def test_what_is_set_up_is_offered_and_the_policy_lets_it_through() -> None:
    found = ask("github", "google", "oidc", **GITHUB, **GOOGLE)
    assert found["buttons"] == ["GitHub", "Google"]
    answers, policy = found["answers"], str(found["policy"])
    assert isinstance(answers, dict)
    for name, home in (("github", "https://github.com"), ("google", "https://accounts.google.com")):
        status, location = answers[name]
        assert status == 302
        assert location.startswith(f"{home}/")
        assert "code_challenge=" in location
        assert home in policy.split("form-action")[1].split(";")[0]
    assert answers["oidc"][0] == 404


def test_an_openid_connect_server_has_the_name_it_is_given() -> None:
    found = ask(
        OIDC_SERVER_URL="https://sso.example.com",
        OIDC_NAME="Our SSO",
        OIDC_CLIENT_ID="id",
        OIDC_CLIENT_SECRET="secret",
    )
    assert found["buttons"] == ["Our SSO"]
    assert "https://sso.example.com" in str(found["policy"])


@pytest.mark.parametrize("said", [None, b"{}"], ids=["silent", "nonsense"])
def test_an_openid_connect_server_that_is_down_gives_a_page_that_says_what_to_do(
    said: bytes | None,
) -> None:
    with sso_that_says(said) as url:
        found = ask(
            "oidc",
            OIDC_SERVER_URL=url,
            OIDC_NAME="Our SSO",
            OIDC_CLIENT_ID="id",
            OIDC_CLIENT_SECRET="oidc-secret",
        )
    answers, words = found["answers"], found["words"]
    assert isinstance(answers, dict)
    assert isinstance(words, dict)
    assert answers["oidc"] == [503, ""]
    assert "Our SSO does not answer" in words["oidc"]
    assert 'href="/accounts/login/"' in words["oidc"]
    assert url not in words["oidc"].split("<main")[1]


def test_an_openid_connect_server_that_is_up_is_where_its_button_leads() -> None:
    home = "https://sso.example.com"
    document = {"authorization_endpoint": f"{home}/authorize", "token_endpoint": f"{home}/token"}
    with sso_that_says(json.dumps(document).encode()) as url:
        found = ask(
            "oidc", OIDC_SERVER_URL=url, OIDC_CLIENT_ID="id", OIDC_CLIENT_SECRET="oidc-secret"
        )
    answers = found["answers"]
    assert isinstance(answers, dict)
    status, location = answers["oidc"]
    assert status == 302
    assert location.startswith("https://sso.example.com/authorize?")
    assert "%2Faccounts%2Foidc%2Flogin%2Fcallback%2F" in location


def test_an_id_without_its_secret_stops_the_start() -> None:
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        ask(GITHUB_CLIENT_ID="gh-id")
    assert "GITHUB_CLIENT_SECRET is not set" in stopped.value.stderr
