"""The demo upstream runs as a process of its own, says where, and ends when told."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

EXIT_S = 60


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "devstack.demo_upstream", "--port", "0", "--name", "acme"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def base_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    return found.group()


def test_it_says_where_it_listens_and_answers(process: subprocess.Popen[str]) -> None:
    url = base_url(process)
    health = httpx.get(url.removesuffix("/v1") + "/healthz", trust_env=False)
    assert health.json() == {"status": "ok", "name": "acme"}
    assert httpx.get(f"{url}/nowhere", trust_env=False).json()["error"]["code"] == "unknown_url"


def test_sigterm_ends_it_with_a_stream_open(process: subprocess.Popen[str]) -> None:
    body = {"model": "m+wait=60000", "messages": [{"role": "user", "content": "Hi"}]}
    url = f"{base_url(process)}/chat/completions"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json=body, timeout=0.2, trust_env=False)
    process.send_signal(signal.SIGTERM)
    process.wait(EXIT_S)
    assert process.returncode in (0, -signal.SIGTERM)


def test_taken_port_is_a_clear_message(process: subprocess.Popen[str]) -> None:
    port = base_url(process).rpartition(":")[2].removesuffix("/v1")
    command = [sys.executable, "-m", "devstack.demo_upstream", "--port", port]
    second = subprocess.run(command, capture_output=True, text=True, timeout=EXIT_S, check=False)
    assert second.returncode == 1
    assert "Address already in use" in second.stderr
