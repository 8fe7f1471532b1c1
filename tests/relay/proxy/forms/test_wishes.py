"""What a form says of routing is read as in JSON, and taken out."""

import pytest

from relay.proxy.errors import ApiError
from relay.proxy.forms import wishes
from relay.proxy.forms.form import Form, Text
from relay.proxy.preferences import NONE, Wishes


def form(*fields: tuple[str, str]) -> Form:
    return Form([Text(name, value) for name, value in fields])


def taken(*fields: tuple[str, str]) -> tuple[dict[str, str | list[str]], Wishes]:
    kept, found = wishes.take(form(*fields))
    return kept.texts(), found


def test_a_form_without_wishes_stays_as_it_is() -> None:
    given = form(("model", "small"), ("prompt", "provider"))
    kept, found = wishes.take(given)
    assert kept is given
    assert found is NONE


@pytest.mark.parametrize(
    "fields",
    [
        [("provider", '{"order": ["A", "b"], "allow_fallbacks": false}')],
        [
            ("provider[order][]", "A"),
            ("provider[order][]", "b"),
            ("provider[allow_fallbacks]", "false"),
        ],
    ],
)
def test_vendors_are_named_as_json_or_in_brackets(fields: list[tuple[str, str]]) -> None:
    kept, found = taken(("model", "small"), *fields)
    assert kept == {"model": "small"}
    assert (found.order, found.allows_fallbacks) == (("a", "b"), False)


@pytest.mark.parametrize(
    "fields", [[("models", '["small", "other"]')], [("models[]", "small"), ("models[]", "other")]]
)
def test_further_models_are_named_likewise(fields: list[tuple[str, str]]) -> None:
    assert taken(("model", "small"), *fields)[1].models == ("other",)
    kept, found = taken(*fields)
    assert (kept, found.models) == ({"model": "small"}, ("other",))


@pytest.mark.parametrize(
    ("field", "param"),
    [
        (("provider", "{"), "provider"),
        (("provider", "[]"), "provider"),
        (("provider[sort]", "price"), "provider.sort"),
        (("provider[order]", "a"), "provider.order"),
        (("provider[order][0]", "a"), "provider[order][0]"),
        (("models", "[1]"), "models[0]"),
        (("models[a]", "b"), "models[a]"),
    ],
)
def test_what_is_out_of_order_is_named(field: tuple[str, str], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        wishes.take(form(("model", "small"), field))
    assert refused.value.param == param


def test_another_model_is_asked_with_the_same_files() -> None:
    given = form(("model", "small"), ("prompt", "a cat"))
    other = given.asking("other")
    assert other.texts() == {"model": "other", "prompt": "a cat"}
    assert other.spool is given.spool
