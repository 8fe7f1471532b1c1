"""OpenAI's client for a customer of the deployment, counting what it sends."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

import openai

from tests.faults.cluster import Cluster, Customer


class OpenClient(Protocol):
    """Opens a client that is closed when the test ends."""

    def __call__(
        self,
        customer: Customer,
        *,
        host: str = ...,
        max_retries: int = ...,
        sent: Callable[[], None] | None = ...,
    ) -> openai.OpenAI: ...


def opener(deployment: Cluster, stack: ExitStack) -> OpenClient:
    """Clients of the first relay; `sent` is called for every request that goes out."""

    def open_client(
        customer: Customer,
        *,
        host: str = "127.0.0.1",
        max_retries: int = 0,
        sent: Callable[[], None] | None = None,
    ) -> openai.OpenAI:
        hooks = [] if sent is None else [lambda _: sent()]
        return stack.enter_context(
            openai.OpenAI(
                base_url=deployment.relays[0][1],
                api_key=customer.secret,
                max_retries=max_retries,
                default_headers={"host": host},
                http_client=openai.DefaultHttpxClient(event_hooks={"request": hooks}),
            )
        )

    return open_client
