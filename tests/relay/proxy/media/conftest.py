"""Relays whose one model is, at the demo upstream, one of OpenAI's that hears, speaks or draws."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.renaming import Renaming
from tests.relay.proxy.fakes import MODEL, Exchange, House, house, route
from tests.relay.proxy.forms.multipart import Files, content_type, form


@dataclass(frozen=True, slots=True)
class Studio:
    """A relay, and the upstream behind it."""

    relay: House
    upstream: Running

    async def json(self, path: str, **body: Any) -> Exchange:
        """The whole answer to a JSON request."""
        return await self.begin_json(path, **body).finish()

    def begin_json(self, path: str, **body: Any) -> Exchange:
        """A JSON request, begun."""
        content = msgspec.json.encode({"model": MODEL} | body)
        return self.relay.request(path="/v1/" + path, body=[content]).begin()

    async def form(self, path: str, files: Files, **fields: Any) -> Exchange:
        """The whole answer to a form."""
        return await self.begin_form(path, files, **fields).finish()

    def begin_form(self, path: str, files: Files, **fields: Any) -> Exchange:
        """A form, begun; it arrives in pieces as from a socket."""
        body = form({"model": MODEL} | fields, files)
        pieces = [body[at : at + 65_536] for at in range(0, len(body), 65_536)]
        headers = {"content-type": content_type()}
        return self.relay.request(path="/v1/" + path, body=pieces, headers=headers).begin()

    def counted(self, path: str) -> dict[str, int]:
        """What the upstream counted of its completed calls, text apart."""
        found = self.upstream.routes()[path]["completed"]
        plain = ("calls", "cached_input_tokens", "reasoning_tokens")
        return {name: n for name, n in found.items() if name not in plain and n}

    def charged(self) -> dict[str, int]:
        """What the one Call was settled by."""
        usage = self.relay.end.usage
        assert usage is not None
        plain = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        return {name: n for name, n in {**plain, **usage.other}.items() if n}


StudioOf = Callable[[str], AbstractAsyncContextManager[Studio]]


@pytest.fixture
def studio_of(one: Running) -> StudioOf:
    """A relay for the upstream's model of this name."""

    @asynccontextmanager
    async def made(name: str) -> AsyncIterator[Studio]:
        only = route(one.base_url, "one", name=name, renaming=Renaming(name, MODEL))
        async with house(only) as relay:
            yield Studio(relay, one)

    return made
