"""The product as a browser meets it: served on the tests' own database and Redis."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from django.db import connection
from redis import Redis

from accounts.models import Site, SiteDomain
from devstack.process import free_port

START_TIMEOUT_S = 90.0  # two seconds on an idle machine


@pytest.fixture(scope="module", autouse=True)
def unsafe() -> Iterator[None]:
    """Playwright's loop runs in this thread, where Django would refuse to touch the database."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[str]:
    """Its address."""
    database = urlsplit(os.environ["DATABASE_URL"])
    name = "/" + connection.settings_dict["NAME"]
    env = os.environ | {"DATABASE_URL": database._replace(path=name).geturl()}
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "uvicorn", "config.asgi:application"]
    arguments = ["--port", str(port), "--ws", "websockets-sansio", "--log-level", "error"]
    process = subprocess.Popen([*command, *arguments], env=env)
    address = f"http://127.0.0.1:{port}"
    try:
        _await_answer(process, address)
        yield address
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def address(server: str, site: Site, gate: Redis) -> str:
    """The cast's site at the server's address, with its gate open."""
    SiteDomain.objects.create(domain="127.0.0.1", site=site)
    return server


def _await_answer(server: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            httpx.get(address, timeout=START_TIMEOUT_S)
        except httpx.ConnectError:
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        else:
            return
