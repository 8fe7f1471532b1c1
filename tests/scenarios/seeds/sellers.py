"""Five sellers on one running stack, each with the API page that one of the documents is.

The documents are numbered by their lines: a test's id or docstring says for which it stands.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import yaml

from tests.stack import CHECKOUT, Stack

SITES = ("bigdogai", "baystone", "qingcheng", "xidao", "modelstudio")
CATALOG = CHECKOUT / "deploy" / "catalogs" / "resellers.yaml"
CAST = CHECKOUT / "tests" / "faults" / "cast.py"
TRIES = 4
READY_S = 90.0  # snapshots reach a relay within a second, a site's gate opens at the worker's tick
ENDED_S = 60.0
POLL_S = 0.02

# Customers of every site: with credit, without, one that may ask once a minute, one that may not
# use the site's first model.
ORDERS: Mapping[str, Mapping[str, Any]] = {
    "": {"amount": "5000.00"},
    "spent": {"amount": "0"},
    "slow": {"amount": "5.00", "key": {"requests_per_minute": 1}},
    "narrow": {"amount": "5.00", "key": {"allowed_models": ["none-of-these"]}},
}


@dataclass(frozen=True, slots=True)
class Seller:
    """One site. `keys` are those of ORDERS; `models` what the site sells."""

    site: str
    root: str
    keys: Mapping[str, str]
    models: tuple[str, ...]

    @property
    def key(self) -> str:
        """The key of the customer with credit."""
        return self.keys[""]

    @property
    def base_url(self) -> str:
        """What stands for the document's own base URL."""
        return f"{self.root}/v1"

    def refused_as_too_often(self, ask: Callable[[str], httpx.Response]) -> httpx.Response:
        """What the customer is told who may ask once a minute; a minute may begin in between."""
        for _ in range(TRIES):
            if (answer := ask(self.keys["slow"])).status_code != httpx.codes.OK:
                break
        return answer


class Upstream:
    """The stack's demo upstream, as a witness of what was sent to it."""

    def __init__(self, root: str, http: httpx.Client) -> None:
        self._root = root
        self._http = http

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        """The records after a sequence number."""
        answer = self._http.get(f"{self._root}/_demo/calls", params={"after": after})
        found: list[dict[str, Any]] = answer.json()["calls"]
        return found

    def count(self) -> int:
        """How many calls there were since the start."""
        sequence: int = self.calls()[-1]["sequence"]
        return sequence

    def newest(self) -> dict[str, Any]:
        """The call that was made last, once it has ended."""
        deadline = time.monotonic() + ENDED_S
        while (call := self.calls()[-1])["ending"] == "open":
            assert time.monotonic() < deadline, f"the call does not end: {call}"
            time.sleep(POLL_S)
        return call


def upstream_of(stack: Stack, http: httpx.Client) -> Upstream:
    """The demo upstream that the stack started."""
    catalog = yaml.safe_load((stack.state_dir / "catalog.yaml").read_text())
    (demo,) = catalog["upstreams"]
    return Upstream(demo["base_url"].removesuffix("/v1"), http)


def open_up(stack: Stack, http: httpx.Client) -> dict[str, Seller]:
    """Apply the catalog of the five, make their customers, and wait until each is served."""
    stack.manage("catalog", "apply", str(CATALOG))
    sold = {site["id"]: site["models"] for site in yaml.safe_load(CATALOG.read_text())["sites"]}
    orders = [{"site": site, **order} for site in SITES for order in ORDERS.values()]
    made = iter(_cast(stack, orders))
    sellers = {
        site: Seller(
            site=site,
            root=f"http://{site}.localhost:{stack.port}",
            keys={name: next(made)["secret"] for name in ORDERS},
            models=tuple(sold[site]),
        )
        for site in SITES
    }
    for seller in sellers.values():
        _await(seller, http)
    return sellers


def _cast(stack: Stack, orders: list[dict[str, Any]]) -> list[dict[str, str]]:
    done = stack.python(str(CAST), json.dumps(orders), DJANGO_SETTINGS_MODULE="config.settings")
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, str]] = json.loads(done.stdout)
    return rows


def _await(seller: Seller, http: httpx.Client) -> None:
    """Until a call of the seller's customer is answered."""
    body = {"model": seller.models[0], "messages": [{"role": "user", "content": "Hi"}]}
    head = {"authorization": f"Bearer {seller.key}"}
    deadline = time.monotonic() + READY_S
    while True:
        answer = http.post(f"{seller.base_url}/chat/completions", json=body, headers=head)
        if answer.status_code == httpx.codes.OK:
            return
        assert time.monotonic() < deadline, answer.text
        time.sleep(POLL_S)
