"""What a form says of routing: `provider` and `models`, as JSON or in the brackets that clients
write nested fields with. Read by the rules of JSON bodies; none of it is sent upstream. Pure.
"""

import re
from typing import Any

import msgspec

from relay.proxy import preferences
from relay.proxy.dialects.decoding import wrong
from relay.proxy.forms.form import MODEL, Form, Text
from relay.proxy.preferences import NAMES, PROVIDER, Wishes

# OpenAI's clients write {"provider": {"order": ["a"]}} as `provider[order][]`.
_MEMBER = re.compile(r"provider\[([a-z_]{1,40})\]")
_TRUTHS = {"true": True, "false": False}

_decode = msgspec.json.decode


def take(form: Form) -> tuple[Form, Wishes]:
    """The form without what is meant for us, and the wishes; raises ApiError (400) for one that
    is out of order or that we cannot keep."""
    given = form.texts()
    said = {name: value for name, value in given.items() if _base(name) in NAMES}
    if not said:
        return form, preferences.NONE
    body = _body(said) | ({MODEL: given[MODEL]} if MODEL in given else {})
    rest, wishes = preferences.take(msgspec.json.encode(body))
    parts = [each for each in form.parts if _base(each.name) not in NAMES]
    kept = Form(parts, form.spool)
    if MODEL not in given and (first := _decode(rest).get(MODEL)) is not None:
        kept.parts.append(Text(MODEL, first))
    return kept, wishes


def _base(name: str) -> str:
    return name.partition("[")[0]


def _body(said: dict[str, str | list[str]]) -> dict[str, Any]:
    """The same as a JSON body says it."""
    body: dict[str, Any] = {}
    for name, value in said.items():
        member = _MEMBER.fullmatch(name)
        if member is not None and isinstance(body.setdefault(PROVIDER, {}), dict):
            is_truth = isinstance(value, str) and value in _TRUTHS
            body[PROVIDER][member[1]] = _TRUTHS[str(value)] if is_truth else value
        elif name in NAMES and name not in body:
            body[name] = value if isinstance(value, list) else _value(name, value)
        else:
            raise wrong(name, "is of no known form")
    return body


def _value(name: str, text: str) -> Any:
    """A field that holds JSON, or the name of one model."""
    if name != PROVIDER and not text.lstrip().startswith("["):
        return [text]
    try:
        return _decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise wrong(name, "must be JSON") from None
