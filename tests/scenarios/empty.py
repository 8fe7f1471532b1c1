"""A deployment that starts with nothing in it, for scenarios that begin there."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import openai

from tests.stack import Stack, new_state_dir, start


@contextmanager
def empty_stack() -> Iterator[Stack]:
    """`make run SEED=none` in a folder of its own."""
    with new_state_dir() as folder:
        stack = start(folder, SEED="none")
        try:
            yield stack
        finally:
            stack.stop()


def client_of(stack: Stack, *, host: str, secret: str) -> openai.OpenAI:
    """The official client as a customer of the site at `host` has it: not every resolver knows
    where names under localhost are, so it goes by the address and says the name."""
    base_url = str(stack.facts["base_url"])
    port = urlsplit(base_url).port
    return openai.OpenAI(
        base_url=base_url,
        api_key=secret,
        max_retries=0,
        default_headers={"Host": f"{host}:{port}"},
    )
