"""What `make run` tells: the same facts for a person (on the terminal) and a script (dev.json)."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Login:
    """Who can log in to the dashboard."""

    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything needed to use a running stack."""

    port: int
    api_key: str
    model: str
    operator: Login
    customer: Login
    is_demo: bool

    @property
    def dashboard_url(self) -> str:
        """Where people start."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def base_url(self) -> str:
        """What an SDK is given."""
        return f"http://127.0.0.1:{self.port}/v1"

    def document(self) -> dict[str, Any]:
        """The content of dev.json."""
        return {
            "base_url": self.base_url,
            "dashboard_url": self.dashboard_url,
            "api_key": self.api_key,
            "model": self.model,
            "operator": {"email": self.operator.email, "password": self.operator.password},
            "customer": {"email": self.customer.email, "password": self.customer.password},
        }


def banner(facts: Facts, *, developer_file: str) -> str:
    """The text for the terminal. The examples stand at the margin: so they can be pasted."""
    upstream = "the demo upstream (answers are canned)" if facts.is_demo else "your upstream"
    return f"""
Tollgate is up. Ctrl-C stops it; the data stays.

  Dashboard  {facts.dashboard_url}
  Customer   {facts.customer.email}      password {facts.customer.password}
  Operator   {facts.operator.email}  password {facts.operator.password}
  Base URL   {facts.base_url}
  API key    {facts.api_key}
  Model      {facts.model}, from {upstream}

With curl:

{_curl(facts)}

With the official SDK:

{_sdk(facts)}

The same for scripts: {developer_file}
"""


def _curl(facts: Facts) -> str:
    body = json.dumps(
        {"model": facts.model, "messages": [{"role": "user", "content": "Hello"}]},
        separators=(",", ":"),
    )
    return (
        f"curl {facts.base_url}/chat/completions \\\n"
        f"  -H 'Authorization: Bearer {facts.api_key}' -H 'Content-Type: application/json' \\\n"
        f"  -d '{body}'"
    )


def _sdk(facts: Facts) -> str:
    return (
        ".venv/bin/python - <<'END'\n"
        "from openai import OpenAI\n"
        f'client = OpenAI(base_url="{facts.base_url}",\n'
        f'                api_key="{facts.api_key}")\n'
        'messages = [{"role": "user", "content": "Hello"}]\n'
        f'answer = client.chat.completions.create(model="{facts.model}", messages=messages)\n'
        "print(answer.choices[0].message.content)\n"
        "END"
    )
