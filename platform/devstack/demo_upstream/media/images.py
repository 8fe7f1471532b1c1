"""Images: generations, edits and variations, by tokens (gpt-image) or by the picture (others).

Source: OpenAI API reference, "Create image", "Create image edit", "Image Streaming", and the
guide "Image generation" for the tokens of each size and quality, read 2026-11.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from devstack.demo_upstream import directives, tokens
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.counts import IMAGE_INPUT, IMAGE_OUTPUT, count
from devstack.demo_upstream.decoding import check_model, convert, decode
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.media.image_request import ImageRequest, check
from devstack.demo_upstream.multipart import Form, read
from devstack.demo_upstream.reply import Frame, Reply, Stamp, spoil

# The smallest PNG: one grey pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
_TOKENS = {
    ("low", "1024x1024"): 272,
    ("medium", "1024x1024"): 1056,
    ("high", "1024x1024"): 4160,
    ("low", "1024x1536"): 408,
    ("medium", "1024x1536"): 1584,
    ("high", "1024x1536"): 6240,
    ("low", "1536x1024"): 400,
    ("medium", "1536x1024"): 1568,
    ("high", "1536x1024"): 6208,
}
INPUT_IMAGE_TOKENS = 85  # each picture sent, whatever its size


@dataclass(frozen=True, eq=False, kw_only=True)
class ImagesReply(Reply):
    request: ImageRequest
    event: str  # "image_generation" or "image_edit"

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        n = 0 if fault is Fault.EMPTY else self.request.n or 1
        body: dict[str, Any] = {
            "created": stamp.created,
            "data": [self._picture(stamp, index) for index in range(n)],
        }
        if self.request.is_by_tokens():
            body.update(self._settings())
            usage = spoil(self._usage(), fault)
            if usage is not None:
                body["usage"] = msgspec.Raw(usage)
        return msgspec.json.encode(body)

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        picture = {"b64_json": base64.b64encode(PNG).decode(), "created_at": stamp.created}
        picture |= self._settings()
        for index in range(self.request.partial_images or 0):
            kind = f"{self.event}.partial_image"
            partial = {"type": kind, **picture, "partial_image_index": index}
            yield Frame(msgspec.json.encode(partial), 0, kind)
        kind = f"{self.event}.completed"
        last: dict[str, Any] = {"type": kind, **picture}
        usage = spoil(self._usage(), fault)
        if usage is not None:
            last["usage"] = msgspec.Raw(usage)
        yield Frame(msgspec.json.encode(last), self.usage.completion_tokens, kind)

    def _picture(self, stamp: Stamp, index: int) -> dict[str, str]:
        if self.request.is_by_tokens() or self.request.response_format == "b64_json":
            picture = {"b64_json": base64.b64encode(PNG).decode()}
        else:
            url = f"https://images.demo-upstream.example/{stamp.suffix}-{index}.png"
            picture = {"url": url}
        if self.request.name() == "dall-e-3":
            picture["revised_prompt"] = directives.strip(self.request.prompt or "")
        return picture

    def _settings(self) -> dict[str, str]:
        return {
            "background": "opaque",
            "output_format": self.request.output_format or "png",
            "quality": self.request.real_quality(),
            "size": self.request.real_size(),
        }

    def _usage(self) -> bytes:
        counts = self.usage
        prompt, completion = counts.prompt_tokens, counts.completion_tokens
        usage = {
            "input_tokens": prompt,
            "input_tokens_details": {
                "text_tokens": prompt - counts[IMAGE_INPUT],
                "image_tokens": counts[IMAGE_INPUT],
            },
            "output_tokens": completion,
            "output_tokens_details": {"image_tokens": completion, "text_tokens": 0},
            "total_tokens": prompt + completion,
        }
        return msgspec.json.encode(usage)


_DECODER = msgspec.json.Decoder(ImageRequest)


def generate(asked: Asked) -> Reply:
    """From a prompt; Refusal when the request is wrong."""
    return _reply(decode(_DECODER, asked.body), event="image_generation", pictures=0)


def edit(asked: Asked) -> Reply:
    """From a prompt and pictures, as a form; Refusal when the request is wrong."""
    form = read(asked.header(b"content-type"), asked.body)
    pictures = _pictures(form)
    return _reply(_request(form), event="image_edit", pictures=pictures)


def vary(asked: Asked) -> Reply:
    """From a picture alone, as a form; Refusal when the request is wrong."""
    form = read(asked.header(b"content-type"), asked.body)
    _pictures(form)
    request = _request(form)
    if request.is_by_tokens():
        message = f"The model '{request.model}' is not supported with this endpoint."
        raise Refusal(400, message, param="model")
    request.prompt = request.prompt or "variation"
    return _reply(request, event="image_edit", pictures=1)


def _request(form: Form) -> ImageRequest:
    request: ImageRequest = convert(form.values(), ImageRequest, "", strict=False)
    return request


def _pictures(form: Form) -> int:
    form.one_file("image")
    return len(form.files.get("image", [])) + len(form.files.get("image[]", []))


def _reply(request: ImageRequest, *, event: str, pictures: int) -> Reply:
    check_model(request.model)
    check(request)
    directive = directives.parse(request.model, request.prompt or "")
    n = request.n or 1
    quality, size = request.real_quality(), request.real_size()
    if request.is_by_tokens():
        made = n * _TOKENS[quality, size] if directive.tokens is None else directive.tokens
        seen = pictures * INPUT_IMAGE_TOKENS
        prompt = tokens.count(request.prompt or "")
        usage = count(directive, prompt=prompt, **{IMAGE_INPUT: seen, IMAGE_OUTPUT: made})
    else:
        usage = count(directive, **{f"image:{quality}:{size}": n})
    return ImagesReply(
        model=request.model,
        directive=directive,
        usage=usage,
        is_stream=bool(request.stream),
        request=request,
        event=event,
    )
