"""Creating a response: the Reply, whole or in events, and what it leaves on the shelf."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from devstack.demo_upstream import compose, directives
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.compose import LENGTH, Choice
from devstack.demo_upstream.counts import count
from devstack.demo_upstream.decoding import check_model, decode
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import LEAK_MARK, Refusal
from devstack.demo_upstream.reply import Frame, Reply, Stamp, spoil
from devstack.demo_upstream.responses import events, items
from devstack.demo_upstream.responses.items import Item
from devstack.demo_upstream.responses.output import output, response, usage
from devstack.demo_upstream.responses.request import ResponsesRequest, count_prompt, wanted
from devstack.demo_upstream.shelf import Kept, StoredResponse


@dataclass(frozen=True, eq=False, kw_only=True)
class ResponsesReply(Reply):
    request: ResponsesRequest
    choice: Choice
    history: list[Item]
    stored: Kept[StoredResponse]

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        return msgspec.json.encode(self._finished(stamp, fault))

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        options = self.request.stream_options
        sequence = events.Sequence(is_padded=options is None or options.include_obfuscation)
        started = response(self.request, stamp, "in_progress")
        yield sequence.event("response.created", response=started)
        yield sequence.event("response.in_progress", response=started)
        if fault is not Fault.EMPTY:
            made = output(self.request, self.choice, stamp)
            yield from events.items(sequence, made, self.choice)
        finished = self._finished(stamp, fault)
        yield sequence.event(f"response.{finished['status']}", response=finished)

    def _finished(self, stamp: Stamp, fault: Fault | None) -> dict[str, Any]:
        body = response(self.request, stamp, self._status(fault))
        if fault is Fault.FAILED:
            message = f"The demo upstream failed; {LEAK_MARK}"
            body["error"] = {"code": "server_error", "message": message}
            return body
        if body["status"] == "incomplete":
            is_long = self.choice.finish == LENGTH
            reason = "max_output_tokens" if is_long else "content_filter"
            body["incomplete_details"] = {"reason": reason}
        is_empty = fault is Fault.EMPTY
        body["output"] = [] if is_empty else output(self.request, self.choice, stamp)
        counted = spoil(usage(self.usage, is_empty=is_empty), fault)
        if counted is None:
            del body["usage"]
        else:
            body["usage"] = msgspec.Raw(counted)
        if self.request.store is not False:
            asked = [*self.history, *self.request.items()]
            self.stored.put(body["id"], StoredResponse(msgspec.json.encode(body), asked))
        return body

    def _status(self, fault: Fault | None) -> str:
        if fault is Fault.FAILED:
            return "failed"
        is_cut = self.choice.finish in (LENGTH, "content_filter")
        return "incomplete" if is_cut else "completed"


_DECODER = msgspec.json.Decoder(ResponsesRequest)


def create(asked: Asked) -> Reply:
    """Refusal when the request is wrong."""
    request = decode(_DECODER, asked.body)
    check_model(request.model)
    stored = asked.shelf.responses
    history = _history(request, stored)
    items.check([*history, *request.items()])
    if not history and not request.items():
        message = "Missing required parameter: 'input'."
        raise Refusal(400, message, code="missing_required_parameter", param="input")
    form = request.text.format if request.text is not None else None
    if form is not None and form.type == "json_schema" and (not form.name or not form.schema):
        name = "schema" if form.name else "name"
        message = f"Missing required parameter: 'text.format.{name}'."
        raise Refusal(400, message, param=f"text.format.{name}")
    plain = wanted(request, history)
    directive = directives.parse(plain.model, plain.prompt)
    (choice,) = compose.compose(plain, directive)
    counts = count(
        directive,
        prompt=count_prompt(request, history),
        completion=choice.token_count(),
        reasoning=len(choice.thoughts),
    )
    return ResponsesReply(
        model=request.model,
        directive=directive,
        usage=counts,
        is_stream=bool(request.stream),
        request=request,
        choice=choice,
        history=history,
        stored=stored,
    )


def _history(request: ResponsesRequest, stored: Kept[StoredResponse]) -> list[Item]:
    previous = request.previous_response_id
    if previous is None:
        return []
    found = stored.find(previous)
    if found is None:
        message = f"Previous response with id '{previous}' not found."
        code = "previous_response_not_found"
        raise Refusal(400, message, code=code, param="previous_response_id")
    return [*found.items, *msgspec.json.decode(found.body)["output"]]
