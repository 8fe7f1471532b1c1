"""llmock as a child process: vendors' APIs with faults to order, and a judgement of the client.

Source: llmock's README, "Not using pytest?", version 0.2, read 2026-11.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from devstack.process import ProcessGroup, Program, free_port

START_TIMEOUT_S = 60.0
ASK_TIMEOUT_S = 15.0  # it waits two seconds itself for what is still under way


@dataclass(frozen=True, slots=True)
class FaultServer:
    """The running server."""

    root_url: str

    def begin(self, *behaviors: dict[str, Any]) -> None:
        """Forget everything, then do `behaviors` to the requests to come."""
        self._tell("reset", {})
        if behaviors:
            self._tell("scenario", {"behaviors": list(behaviors)})

    def requests(self) -> list[dict[str, Any]]:
        """What came since `begin`, oldest first."""
        listed: list[dict[str, Any]] = self._ask("requests")["requests"]
        return listed

    def assert_passed(self, *, faults: int, warned: Sequence[str] = ()) -> None:
        """That the client stood `faults` faults with nothing said against it but `warned`, which
        may be unsaid: a short stream can be all sent before the client hangs up."""
        verdict = self._ask("verdict")
        told = [finding["code"] for finding in verdict["findings"]]
        assert verdict["passed"], verdict
        assert verdict["faults_injected"] == faults, verdict
        assert set(told) <= set(warned), verdict

    def _ask(self, name: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.root_url}/_llmock/{name}", timeout=ASK_TIMEOUT_S, **DIRECT)
        document: dict[str, Any] = answer.raise_for_status().json()
        return document

    def _tell(self, name: str, what: dict[str, Any]) -> None:
        url = f"{self.root_url}/_llmock/{name}"
        httpx.post(url, json=what, timeout=ASK_TIMEOUT_S, **DIRECT).raise_for_status()


DIRECT: dict[str, Any] = {"trust_env": False}


@contextmanager
def fault_server(folder: Path) -> Iterator[FaultServer]:
    """The server, ready, with its log in `folder`."""
    port = free_port()
    program = Program(
        name="llmock",
        argv=[Path(sys.executable).with_name("llmock"), "serve", "--port", str(port)],
        log=folder / "llmock.log",
    )
    url = f"http://127.0.0.1:{port}"
    with ProcessGroup() as group:
        child = group.start(program)
        group.await_ready(child, lambda: _is_healthy(url), timeout_s=START_TIMEOUT_S)
        yield FaultServer(url)


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=1.0, **DIRECT).status_code == 200
    except httpx.HTTPError:
        return False
