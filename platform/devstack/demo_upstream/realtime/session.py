"""A session from its first event to its last: reads commands, answers, records each response."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

import msgspec

from devstack.demo_upstream.asgi import Receive, Send
from devstack.demo_upstream.calls import (
    BROKEN,
    CLIENT_CLOSED,
    COMPLETED,
    REFUSED,
    Call,
    CallBook,
)
from devstack.demo_upstream.counts import AUDIO_OUTPUT
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import LEAK_MARK, Refusal
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.faults import SILENCE_S_MAX, Strikes
from devstack.demo_upstream.realtime import answer
from devstack.demo_upstream.realtime.answer import Answer
from devstack.demo_upstream.realtime.conversation import Conversation, Json, shown
from devstack.demo_upstream.stream import BREAK_AFTER_TOKENS

ROUTE = "realtime"
COMMANDS_MAX = 1_000  # waiting to be carried out; a client that sends more is made to wait
INTERNAL_ERROR = 1011  # WebSocket close code (RFC 6455)
_AFTER_TOKENS: Final = (Fault.CUT, Fault.RESET, Fault.ERROR_EVENT, Fault.SILENCE)


class Gone(Exception):
    """The client has left, or we have hung up."""


class Session:
    """One WebSocket, already accepted."""

    def __init__(
        self,
        conversation: Conversation,
        send: Send,
        book: CallBook,
        strikes: Strikes,
        options: Options,
        reset: Callable[[], None],
    ) -> None:
        self._conversation = conversation
        self._send = send
        self._book = book
        self._strikes = strikes
        self._options = options
        self._reset = reset
        self._events = 0
        self._commands: asyncio.Queue[str | None] = asyncio.Queue(COMMANDS_MAX)
        self._stopped = asyncio.Event()  # the client has left, or has cancelled
        self._is_gone = False

    async def run(self, receive: Receive, header_names: list[str]) -> str:
        """Serve until the client leaves; returns how the session ended."""
        self._header_names = header_names
        await self._event("session.created", session=self._session())
        reader = asyncio.ensure_future(self._read(receive))
        try:
            while (text := await self._commands.get()) is not None:
                await self._obey(text)
            return COMPLETED
        except Gone:
            return CLIENT_CLOSED if self._is_gone else BROKEN
        finally:
            reader.cancel()

    async def _read(self, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self._is_gone = True
                self._stopped.set()
                await self._commands.put(None)
                return
            text = message.get("text") or ""
            if '"response.cancel"' in text:
                self._stopped.set()
            else:
                await self._commands.put(text)

    async def _event(self, kind: str, /, **more: Any) -> int:
        if self._is_gone:
            raise Gone
        self._events += 1
        event = {"type": kind, "event_id": f"event_{self._events}", **more}
        data = msgspec.json.encode(event).decode()
        try:
            await self._send({"type": "websocket.send", "text": data})
        except OSError as error:  # uvicorn's ClientDisconnected
            self._is_gone = True
            raise Gone from error
        return len(data)

    async def _obey(self, text: str) -> None:
        command: Json = {}
        try:
            command = _command(text)
            await _handler(command)(self, command)
        except Refusal as refusal:
            await self._error(refusal, command.get("event_id"))

    async def _error(self, refusal: Refusal, event_id: Any = None) -> None:
        kind = "server_error" if refusal.status >= 500 else "invalid_request_error"
        error = {"type": kind, "code": refusal.code, "message": refusal.message}
        await self._event("error", error={**error, "param": refusal.param, "event_id": event_id})

    def _session(self) -> Json:
        conversation = self._conversation
        modalities = "modalities" if conversation.is_beta else "output_modalities"
        return {
            "object": "realtime.session",
            "type": "realtime",
            "id": f"sess_{conversation.session_id}",
            "model": conversation.model,
            modalities: ["audio"],
            "instructions": "",
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            **conversation.settings,
        }

    async def _update(self, command: Json) -> None:
        self._conversation.update(command.get("session"))
        await self._event("session.updated", session=self._session())

    async def _create_item(self, command: Json) -> None:
        previous = command.get("previous_item_id")
        item, before = self._conversation.add(command.get("item"), previous)
        await self._show(item, before)

    async def _show(self, item: Json, before: str | None) -> None:
        is_beta = self._conversation.is_beta
        kinds = ("created",) if is_beta else ("added", "done")
        for kind in kinds:
            more = {"previous_item_id": before, "item": shown(item)}
            await self._event(f"conversation.item.{kind}", **more)

    async def _delete_item(self, command: Json) -> None:
        identifier = command.get("item_id")
        self._conversation.items.pop(self._conversation.index(identifier))
        await self._event("conversation.item.deleted", item_id=identifier)

    async def _retrieve_item(self, command: Json) -> None:
        place = self._conversation.index(command.get("item_id"))
        item = self._conversation.items[place]
        await self._event("conversation.item.retrieved", item=shown(item))

    async def _append(self, command: Json) -> None:
        self._conversation.append(command.get("audio"))

    async def _commit(self, command: Json) -> None:
        item, before = self._conversation.commit()
        more = {"previous_item_id": before, "item_id": item["id"]}
        await self._event("input_audio_buffer.committed", **more)
        await self._show(item, before)

    async def _clear(self, command: Json) -> None:
        self._conversation.buffer.clear()
        await self._event("input_audio_buffer.cleared")

    async def _respond(self, command: Json) -> None:
        asked = command.get("response") or {}
        call = self._book.open(self._header_names, authorized=True, route=ROUTE)
        call.model, call.stream = self._conversation.model, True
        self._book.keep_body(call, msgspec.json.encode(command))
        ending = BROKEN
        try:
            made = answer.answer(self._conversation, asked)
            self._count(call, made)
            ending = await self._say(call, made)
        except Refusal as refusal:
            call.status, ending = refusal.status, REFUSED
            raise
        except Gone:
            ending = CLIENT_CLOSED if self._is_gone else f"fault:{call.fault}"
            raise
        finally:
            self._book.end(call, ending)

    def _count(self, call: Call, made: Answer) -> None:
        usage = made.usage
        call.usage, call.status = usage.to_json(), 200
        call.prompt_tokens, call.cached_tokens = usage.prompt_tokens, usage.cached_tokens
        call.completion_tokens = usage.completion_tokens
        call.fault = self._strikes.fault(made.directive)

    async def _say(self, call: Call, made: Answer) -> str:
        """Send the response, at its pace, and as far as its fault lets it go."""
        self._stopped.clear()
        suffix = f"{self._options.name}-{call.sequence}"
        is_beta = self._conversation.is_beta
        started = {"object": "realtime.response", "id": f"resp_{suffix}", "status": "in_progress"}
        if made.directive.wait_ms:
            await self._pause(made.directive.wait_ms)
        await self._event("response.created", response={**started, "output": [], "usage": None})
        output = answer.items(made, suffix, is_beta=is_beta)
        fault = None if call.fault is None else Fault(call.fault)
        heard, pace_ms = 0, made.directive.pace_ms
        pace_ms = self._options.pace_ms if pace_ms is None else pace_ms
        for kind, more, worth in answer.events(made, suffix, output, is_beta=is_beta):
            if fault in _AFTER_TOKENS and call.tokens_sent >= _after(made):
                return await self._break(fault)
            if worth and pace_ms and call.tokens_sent:
                await self._pause(pace_ms)
            if self._stopped.is_set():
                return await self._cancel(suffix, made, call, heard)
            call.bytes_sent += await self._event(kind, **more)
            call.tokens_sent += worth
            heard += worth if kind.endswith("audio.delta") else 0
        done = answer.response(made, suffix, fault, output)
        self._conversation.items.extend(output)
        await self._event("response.done", response=done)
        return f"fault:{fault}" if fault is Fault.FAILED else COMPLETED

    async def _break(self, fault: Fault | None) -> str:
        if fault is Fault.ERROR_EVENT:
            await self._error(Refusal(500, f"The demo upstream failed; {LEAK_MARK}"))
        elif fault is Fault.SILENCE:
            await self._pause(SILENCE_S_MAX * 1000)
        elif fault is Fault.RESET:
            self._reset()
            raise Gone
        else:
            await self._send({"type": "websocket.close", "code": INTERNAL_ERROR})
            raise Gone
        return f"fault:{fault}"

    async def _cancel(self, suffix: str, made: Answer, call: Call, heard: int) -> str:
        """The client has cancelled: what was said by then is what counts."""
        if self._is_gone:
            raise Gone
        other = {**made.usage.other, AUDIO_OUTPUT: heard}
        said = call.tokens_sent - heard
        usage = replace(made.usage, output_tokens=said, other=other)
        call.usage, call.completion_tokens = usage.to_json(), usage.completion_tokens
        body = answer.response(replace(made, usage=usage), suffix, None, [])
        details = {"type": "cancelled", "reason": "client_cancelled"}
        body |= {"status": "cancelled", "status_details": details}
        await self._event("response.done", response=body)
        return COMPLETED

    async def _pause(self, milliseconds: float) -> None:
        try:
            async with asyncio.timeout(milliseconds / 1000):
                await self._stopped.wait()
        except TimeoutError:
            return


def _after(made: Answer) -> int:
    after = made.directive.after
    wanted = BREAK_AFTER_TOKENS if after is None else after
    return min(wanted, made.usage.completion_tokens)


def _command(text: str) -> Json:
    try:
        command = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Refusal(400, "The event is not JSON.", code="invalid_json") from error
    if not isinstance(command, dict):
        raise Refusal(400, "The event is not an object.", code="invalid_json")
    return command


def _handler(command: Json) -> "Callable[[Session, Json], Awaitable[None]]":
    if not isinstance(command.get("type"), str):
        message = "Missing required parameter: 'type'."
        raise Refusal(400, message, code="missing_required_parameter", param="type")
    handler = _COMMANDS.get(command["type"])
    if handler is None:
        message = f"Invalid value: '{command['type']}'. Supported values are: {sorted(_COMMANDS)}."
        raise Refusal(400, message, code="invalid_value", param="type")
    return handler


_COMMANDS: Final = {
    "session.update": Session._update,
    "conversation.item.create": Session._create_item,
    "conversation.item.delete": Session._delete_item,
    "conversation.item.retrieve": Session._retrieve_item,
    "input_audio_buffer.append": Session._append,
    "input_audio_buffer.commit": Session._commit,
    "input_audio_buffer.clear": Session._clear,
    "response.create": Session._respond,
}
