"""`/v1/images/generations`, `edits` and `variations`: pictures, whole or in events.

Source: OpenAI API reference, "Create image", "Create image edit", "Create image variation" and
"Image Streaming", read 2026-11.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from relay.proxy import json_objects
from relay.proxy.dialects.decoding import NULL, is_given, read
from relay.proxy.endpoints.asked import Asked, AskedForm, AskedJson
from relay.proxy.endpoints.event_reader import Event, EventReader
from relay.proxy.endpoints.image_usage import PARTIAL_TOKENS, ImageUsage, Pictures
from relay.proxy.endpoints.media import MediaRequest
from relay.proxy.endpoints.uploads import demand_files, fields_of, given_or_sold
from relay.proxy.exchange import Exchange
from relay.proxy.forms.form import Form
from relay.proxy.request import Demand, Measures, NotAnAnswer, Reader, Whole
from relay.proxy.types import Route, Usage

MEASURES: Measures = (("image",), ("input", "output"))
IMAGES_MAX = 16  # that one edit may begin from
# What OpenAI takes where none is named.
DEFAULT_MODELS = ("dall-e-2", "gpt-image-1")
# Ten pictures of the largest size in base64.
ANSWER_BYTES_MAX = 64_000_000

_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]{1,20}$")]


class _Wanted(msgspec.Struct):
    model: str | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=10)] | None = None
    size: (
        Annotated[str, msgspec.Meta(pattern=r"^(auto|[1-9][0-9]{1,4}x[1-9][0-9]{1,4})$")] | None
    ) = None
    quality: _Name | None = None
    response_format: Literal["url", "b64_json"] | None = None
    stream: bool | None = None
    partial_images: Annotated[int, msgspec.Meta(ge=0, le=3)] | None = None


class _Prompted(_Wanted, kw_only=True):
    prompt: Annotated[str, msgspec.Meta(min_length=1, max_length=32_000)]


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw]
    # Raw takes any value, null too; msgspec does not combine it with None.
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    quality: str | None = None
    size: str | None = None


_prompted = msgspec.json.Decoder(_Prompted)
_answer = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class ImageRequest(MediaRequest):
    """Implements `request.Request`. `event` begins the names of its stream's events."""

    used: ImageUsage
    event: str

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """See `Request.reader`. A model that can't stream answers in one piece."""
        if b"event-stream" not in content_type:
            return self.in_one_piece(route, content_type, ANSWER_BYTES_MAX)
        end = f"{self.event}.completed"
        return EventReader(end, self._told, _tokens_of, ends_max=self.used.wanted.count)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`: charged by the pictures that came."""
        try:
            answer = _answer.decode(body)
        except (msgspec.DecodeError, RecursionError):
            raise NotAnAnswer("not_an_answer") from None
        if is_given(answer.error) or not answer.data:
            raise NotAnAnswer("not_an_answer")
        made = self.used.made(len(answer.data), answer.quality, answer.size)
        shown = route.renaming.apply(body) if route.renaming is not None else body
        return Whole(shown, self.used.of(made, [answer.usage]))

    def _told(self, ends: list[Event]) -> Usage:
        made = self.used.made(len(ends), ends[-1].quality, ends[-1].size)
        return self.used.of(made, [each.usage for each in ends])


def _tokens_of(kind: str, data: bytes) -> int:
    return PARTIAL_TOKENS if kind.endswith(".partial_image") else 0


async def read_generation(exchange: Exchange) -> ImageRequest:
    """`/v1/images/generations`. Raises ApiError naming what is wrong."""
    body = await exchange.body()
    looked = read(_prompted, body)
    asked = AskedJson(json_objects.fields.decode(body))
    return _request(exchange, looked, asked, "image_generation", looked.prompt, inputs=0)


async def read_edit(exchange: Exchange, form: Form) -> ImageRequest:
    """`/v1/images/edits`. Raises ApiError naming what is wrong."""
    looked = fields_of(form, _Prompted)
    demand_files(form, "image", files_max=IMAGES_MAX)
    inputs = len(form.files("image", "mask", "markup"))
    return _request(exchange, looked, AskedForm(form), "image_edit", looked.prompt, inputs=inputs)


async def read_variation(exchange: Exchange, form: Form) -> ImageRequest:
    """`/v1/images/variations`. Raises ApiError naming what is wrong."""
    looked = fields_of(form, _Wanted)
    demand_files(form, "image")
    return _request(exchange, looked, AskedForm(form), "image_edit", "", inputs=1)


def _request(
    exchange: Exchange, looked: _Wanted, asked: Asked, event: str, prompt: str, *, inputs: int
) -> ImageRequest:
    model = given_or_sold(looked.model, exchange, DEFAULT_MODELS)
    wanted = Pictures.asked_for(model, looked.quality, looked.size, looked.n or 1)
    used = ImageUsage(wanted, prompt.encode(), inputs, looked.partial_images or 0)
    return ImageRequest(
        endpoint=exchange.endpoint,
        model=model,
        asked=asked,
        is_stream=bool(looked.stream),
        used=used,
        event=event,
        demand=Demand(
            input_tokens_bound=used.input_tokens_max,
            input_tokens_guess=used.input_tokens_guess,
            output_tokens_asked=used.output_tokens_max,
            choices=wanted.count,
            units=wanted.units(),
            token_kinds=("image_input", "image_output"),
            measures=MEASURES,
        ),
    )
