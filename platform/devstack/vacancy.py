"""`make run SEED=none`: a stack with nothing in it, and what its first operator has to know.

Run as `python -m devstack.vacancy STATE_DIR` against the servers of that folder: makes the token of
the first-run wizard, a new one at each start until somebody has used one.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import httpx

from devstack.state import StateFolder, read_json, write_private
from devstack.upstream import Offer

PROBE_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Vacancy:
    """What is told of a stack that was started empty; without a token somebody runs it already."""

    port: int
    token: str
    offer: Offer

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def document(self) -> dict[str, Any]:
        """The content of dev.json."""
        return {
            "base_url": f"{self.root}/v1",
            "dashboard_url": f"{self.root}/",
            "setup_url": f"{self.root}/setup",
            "setup_token": self.token,
            "upstream": {
                "base_url": self.offer.base_url,
                "credential": self.offer.credential,
                "models": list(self.offer.models),
            },
        }

    def banner(self, *, developer_file: str) -> str:
        """The text for the terminal."""
        return f"""
Tollgate is up, started empty. Ctrl-C stops it; the data stays.

{self._way_in()}
An upstream to try it with, on this machine (answers are canned):

  Base URL   {self.offer.base_url}
  Key        {self.offer.credential}
  Models     {", ".join(self.offer.models)}

`make run` goes on with what you set up; `make run SEED=demo` adds the demo's.
The same for scripts: {developer_file}
"""

    def _way_in(self) -> str:
        if not self.token:
            return f"  Dashboard  {self.root}/\n"
        return (
            f"  Set it up  {self.root}/setup\n"
            f"  Token      {self.token}\n\n"
            "Whoever has the token becomes its operator; the next start prints another.\n"
        )

    def answers(self) -> bool:
        """Whether pages are served, be it by leading to the wizard."""
        try:
            answer = httpx.get(f"{self.root}/setup", timeout=PROBE_TIMEOUT_S, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR


def read(state: StateFolder, *, port: int, offer: Offer) -> Vacancy:
    """After `main` has run."""
    return Vacancy(port, str(read_json(state.setup_file).get("token", "")), offer)


def main(directory: Path) -> None:
    """Make the token; an empty one where there is an operator."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    # Like every import of an app: models exist only after the set-up.
    from accounts import audit, first_run
    from billing import gates

    gates.open_gates()  # now, and not at the worker's next tick
    try:
        token = first_run.make_token(by=audit.command("setup_token"))
    except first_run.SetupRefused:
        token = ""
    write_private(directory / "setup.json", json.dumps({"token": token}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
