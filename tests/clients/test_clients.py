"""Clients that others wrote, as their users start them, against the running stack: nothing is told
to them but base URL, key and model. `make test-clients` installs them, and runs this."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.stack import Stack

HERE = Path(__file__).parent
BINARIES = HERE / "node_modules" / ".bin"
CLAUDE = HERE / "node_modules" / "@anthropic-ai" / "claude-code-linux-x64" / "claude"
CLIENT_TIMEOUT_S = 120.0
SAYS = "demo upstream"

pytestmark = [
    pytest.mark.clients,
    pytest.mark.stack,
    pytest.mark.timeout(300),
    pytest.mark.skipif("TEST_CLIENTS" not in os.environ, reason="make test-clients runs these"),
]


def run(folder: Path, argv: list[str], **extra: str) -> str:
    """What a client prints, started in an empty home so that it finds nobody's settings."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb", **extra}
    done = subprocess.run(
        argv,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CLIENT_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout


@pytest.fixture
def facts(stack: Stack) -> Mapping[str, Any]:
    return stack.facts


def root_of(facts: Mapping[str, Any]) -> str:
    base: str = facts["base_url"]
    return base.removesuffix("/v1")


@pytest.mark.parametrize("script", ["chat.mjs", "ai.mjs"])
def test_a_node_client(facts: Mapping[str, Any], tmp_path: Path, script: str) -> None:
    env = {"BASE_URL": facts["base_url"], "API_KEY": facts["api_key"], "MODEL": facts["model"]}
    assert run(tmp_path, ["node", str(HERE / script)], **env).endswith("answered\n")


def test_langchain(facts: Mapping[str, Any]) -> None:
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(
        base_url=facts["base_url"], api_key=facts["api_key"], model=facts["model"], max_retries=0
    )
    answer = chat.invoke("Hello")
    assert SAYS in str(answer.content)
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] > 0
    assert SAYS in "".join([str(chunk.content) for chunk in chat.stream("Hello")])


def test_codex(facts: Mapping[str, Any], tmp_path: Path) -> None:
    """It asks `/v1/responses`, streamed. Tools of OpenAI's own are off: the upstream has none."""
    provider = f'{{name="Tollgate", base_url="{facts["base_url"]}", env_key="OUR_KEY"}}'
    told = run(
        tmp_path,
        [
            *(str(BINARIES / "codex"), "exec", "--skip-git-repo-check", "--sandbox", "read-only"),
            *("-c", 'model_provider="tollgate"', "-c", f"model_providers.tollgate={provider}"),
            *("-c", "features.multi_agent=false", "-c", 'web_search="disabled"'),
            *("--model", facts["model"], "Hello"),
        ],
        OUR_KEY=facts["api_key"],
    )
    assert SAYS in told


def test_claude_code(facts: Mapping[str, Any], tmp_path: Path) -> None:
    """It asks `/v1/messages`, streamed, with its tools and cache marks."""
    told = run(
        tmp_path,
        [str(CLAUDE), "--print", "Hello", "--model", facts["model"]],
        ANTHROPIC_BASE_URL=root_of(facts),
        ANTHROPIC_AUTH_TOKEN=facts["api_key"],
        ANTHROPIC_SMALL_FAST_MODEL=facts["model"],
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
    )
    assert SAYS in told
