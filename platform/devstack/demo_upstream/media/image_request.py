"""What an image request may say; each family of models has its own sizes and qualities."""

from typing import Annotated, Literal

import msgspec

from devstack.demo_upstream import directives
from devstack.demo_upstream.errors import Refusal

IMAGES_MAX = 10  # OpenAI's own
_BY_TOKENS = ("gpt-image", "chatgpt-image")
_SIZES = {
    "dall-e-2": {"256x256", "512x512", "1024x1024"},
    "dall-e-3": {"1024x1024", "1792x1024", "1024x1792"},
}
_TOKEN_SIZES = {"auto", "1024x1024", "1024x1536", "1536x1024"}
_TOKEN_QUALITIES = {"auto", "low", "medium", "high"}


class ImageRequest(msgspec.Struct):
    prompt: Annotated[str, msgspec.Meta(min_length=1, max_length=32_000)] | None = None
    model: str = "dall-e-2"
    n: Annotated[int, msgspec.Meta(ge=1, le=IMAGES_MAX)] | None = 1
    size: str | None = None
    quality: str | None = None
    response_format: Literal["url", "b64_json"] | None = None
    stream: bool | None = False
    partial_images: Annotated[int, msgspec.Meta(ge=0, le=3)] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    background: str | None = None
    style: str | None = None
    user: str | None = None

    def name(self) -> str:
        """The model's name without directives."""
        return directives.base_model(self.model)

    def is_by_tokens(self) -> bool:
        """Whether the model is billed by tokens."""
        return self.name().startswith(_BY_TOKENS)

    def real_quality(self) -> str:
        """The quality that is made and billed."""
        if self.is_by_tokens():
            return "medium" if self.quality in (None, "auto") else str(self.quality)
        return "standard" if self.quality in (None, "auto") else str(self.quality)

    def real_size(self) -> str:
        """The size that is made and billed."""
        return "1024x1024" if self.size in (None, "auto") else str(self.size)


def check(request: ImageRequest) -> None:
    """Refusal 400 for what the model does not know. Unknown models take any size and quality."""
    if request.prompt is None:
        message = "Missing required parameter: 'prompt'."
        raise Refusal(400, message, code="missing_required_parameter", param="prompt")
    if request.is_by_tokens():
        _check_by_tokens(request)
        return
    sizes = _SIZES.get(request.name())
    if sizes is not None and request.real_size() not in sizes:
        raise _invalid("size", request.size, sizes)
    if request.name() == "dall-e-3" and (request.n or 1) > 1:
        raise Refusal(400, "You must provide n=1 for this model.", param="n")
    if request.stream:
        raise Refusal(400, "Streaming is not supported for this model.", param="stream")


def _check_by_tokens(request: ImageRequest) -> None:
    if request.response_format is not None:
        message = "Unknown parameter: 'response_format'."
        raise Refusal(400, message, code="unknown_parameter", param="response_format")
    if request.size is not None and request.size not in _TOKEN_SIZES:
        raise _invalid("size", request.size, _TOKEN_SIZES)
    if request.quality is not None and request.quality not in _TOKEN_QUALITIES:
        raise _invalid("quality", request.quality, _TOKEN_QUALITIES)


def _invalid(param: str, value: str | None, supported: set[str]) -> Refusal:
    message = f"Invalid value: '{value}'. Supported values are: {sorted(supported)}."
    return Refusal(400, message, code="invalid_value", param=param)
