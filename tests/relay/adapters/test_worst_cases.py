"""What a Call may come to at most is worked out from every bucket that its tokens can fall in."""

from typing import Any

import pytest

from billing.price_versions import PriceVersion
from billing.pricing import worst_case
from relay.adapters import admissions
from tests.relay.proxy import fakes

TEXT = {"input": 100, "output": 1_000}
SEES = TEXT | {"image_input": 300}
DRAWS = TEXT | {"image_output": 9_000}


@pytest.mark.parametrize(
    ("components", "kinds", "rates"),
    [
        (TEXT, (), (100, 1_000)),
        (TEXT, ("image_input",), (100, 1_000)),
        (SEES, (), (100, 1_000)),
        (SEES, ("image_input",), (300, 1_000)),
        (DRAWS, (), (100, 9_000)),
    ],
)
def test_a_token_is_held_for_at_the_dearest_price_that_it_can_have(
    components: dict[str, Any], kinds: tuple[str, ...], rates: tuple[int, int]
) -> None:
    per_token = {name: nanos * 1_000_000 for name, nanos in components.items()}
    call = fakes.call(price=PriceVersion(1, per_token), token_kinds=kinds, input_tokens_bound=1)
    assert worst_case(call.price, admissions.bounds(call)) == rates
