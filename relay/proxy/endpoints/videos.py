"""`POST /v1/videos` and `/v1/videos/generations`: begins a video, from JSON or from a form with a
picture to begin with. Its Call is paid when the video is ready, by the second or by the request,
and costs nothing if it never is.

Source: OpenAI API reference, "Create video"; `duration` as resellers document it. Read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from relay.proxy import json_objects, videos
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.decoding import NULL, is_object, wrong
from relay.proxy.dialects.decoding import read as decoded
from relay.proxy.endpoints.asked import Asked, AskedForm, AskedJson
from relay.proxy.endpoints.one_piece import OnePiece
from relay.proxy.endpoints.uploads import demand_files, fields_of
from relay.proxy.exchange import Exchange
from relay.proxy.forms.form import Form
from relay.proxy.objects import Job
from relay.proxy.request import Demand, Measures, NotAnAnswer, Outgoing, Whole
from relay.proxy.types import Route, Usage

VIDEOS, GENERATIONS = "videos", "videos/generations"
# No vendor makes more in one piece (2026-11: 60 s); keeps a Hold sensible.
SECONDS_MAX = 600
# What OpenAI makes where nothing is said.
SECONDS = 4
# Vendors take 32,000 characters of prompt at most.
PROMPT_CHARS_MAX = 32_000
PER_SECOND: Measures = (("seconds",),)
REFERENCE = "input_reference"  # the picture, or film, that a video begins with


class _Looked(msgspec.Struct):
    model: str
    prompt: str
    seconds: str | int | None = None
    duration: str | int | None = None
    size: str | None = None


_looked = msgspec.json.Decoder(_Looked)


@dataclass(frozen=True, slots=True)
class VideoRequest(OnePiece):
    """Implements `request.Request`."""

    endpoint: str
    model: str
    seconds: int
    is_exact: bool  # the caller said how long
    asked: Asked
    public_id: str

    @property
    def demand(self) -> Demand:
        """So many seconds, and no token."""
        return Demand(generates=False, units={"seconds": self.seconds}, measures=PER_SECOND)

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`."""
        return self.asked.outgoing(route, self.endpoint, self.model)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`: a job under our id, which may have ended already."""
        try:
            job = videos.read(body)
        except videos.NotAJob:
            raise NotAnAnswer("not_an_answer") from None
        document = videos.shown(job, public_id=self.public_id, model=self.model)
        usage = Usage(other={"seconds": self._seconds(job)})
        state, made = videos.state_of(job), videos.upstream_id(job)
        return Whole(document, usage, job=Job(self.public_id, state, made, document, usage))

    def _seconds(self, job: Mapping[str, object]) -> int:
        """What the upstream says; where the caller said it, never more than that."""
        told = videos.seconds_of(job)
        if told is None or not 0 < told <= SECONDS_MAX:
            return self.seconds
        return min(told, self.seconds) if self.is_exact else told


async def read(exchange: Exchange) -> VideoRequest:
    """A request in JSON; raises ApiError naming what is wrong."""
    body = await exchange.body()
    looked, fields = decoded(_looked, body), json_objects.fields.decode(body)
    _refuse_stored(fields.get(REFERENCE, NULL))
    return _request(exchange, looked, AskedJson(fields))


async def read_form(exchange: Exchange, form: Form) -> VideoRequest:
    """The same as a form, where a picture can be a file; raises ApiError naming what is wrong."""
    looked = fields_of(form, _Looked)
    if form.files(REFERENCE):
        demand_files(form, REFERENCE)
    texts = form.texts()
    if f"{REFERENCE}[file_id]" in texts:
        raise not_carried(f"{REFERENCE}.file_id")
    _refuse_stored(msgspec.Raw(str(texts.get(REFERENCE, "")).encode()))
    return _request(exchange, looked, AskedForm(form))


def _refuse_stored(reference: msgspec.Raw) -> None:
    """Raise the refusal of a file in the vendor's store, where all customers have one account."""
    if not is_object(reference):
        return
    try:
        is_stored = "file_id" in json_objects.fields.decode(reference)
    except (msgspec.DecodeError, RecursionError):
        raise wrong(REFERENCE, "must be an object") from None
    if is_stored:
        raise not_carried(f"{REFERENCE}.file_id")


def _request(exchange: Exchange, looked: _Looked, asked: Asked) -> VideoRequest:
    if not looked.model.isprintable():
        raise wrong("model", "must be printable text")
    if not looked.prompt.strip():
        raise wrong("prompt", "must not be empty")
    if len(looked.prompt) > PROMPT_CHARS_MAX:
        raise wrong("prompt", f"must be {PROMPT_CHARS_MAX} characters at most")
    seconds = _whole("seconds", looked.seconds) or _whole("duration", looked.duration)
    return VideoRequest(
        endpoint=exchange.endpoint,
        model=looked.model,
        seconds=seconds or SECONDS,
        is_exact=seconds is not None,
        asked=asked,
        public_id="video_" + exchange.id.removeprefix("req_"),
    )


def _whole(name: str, given: str | int | None) -> int | None:
    """A number of seconds, which OpenAI writes as a text."""
    if given is None:
        return None
    text = str(given)
    if not (text.isascii() and text.isdigit() and len(text) < 7 and 0 < int(text) <= SECONDS_MAX):
        raise wrong(name, f"must be a whole number, 1 to {SECONDS_MAX}")
    return int(text)
