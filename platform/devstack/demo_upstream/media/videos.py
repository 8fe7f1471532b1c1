"""Videos: a job that is made, polled, downloaded and deleted. Counted once, when it is made.

Source: OpenAI API reference, "Videos"; `videos/generations` is the same under resellers' path,
with `duration` for `seconds`. Read 2026-11.
"""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from devstack.demo_upstream import directives
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.counts import SECONDS, count
from devstack.demo_upstream.decoding import check_model, convert, read_json
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import LEAK_MARK, Refusal
from devstack.demo_upstream.multipart import read
from devstack.demo_upstream.reply import PlainReply, Reply, Stamp
from devstack.demo_upstream.shelf import Kept, StoredVideo

POLLS = 2  # until a video is ready, unless the directive says otherwise
_LIFE_S = 3600  # how long the content can be had
_SECONDS = {"4", "8", "12"}  # what OpenAI sells
_PREFIX = "sora"  # the models that are held to it
SECONDS_MAX = 600

# A real header of an empty MP4, so that a player knows what it is.
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00\x00\x00\x08free"
_VARIANTS = {"video": b"video/mp4", "thumbnail": b"image/webp", "spritesheet": b"image/jpeg"}


class VideoRequest(msgspec.Struct):
    prompt: str
    model: str = "sora-2"
    seconds: str | int | None = None
    duration: str | int | None = None
    size: Literal["720x1280", "1280x720", "1024x1792", "1792x1024"] = "720x1280"


@dataclass(frozen=True, eq=False, kw_only=True)
class VideoReply(Reply):
    request: VideoRequest
    seconds: str
    kept: Kept[StoredVideo]

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        job: dict[str, Any] = {
            "id": f"video_{stamp.suffix}",
            "object": "video",
            "created_at": stamp.created,
            "completed_at": None,
            "error": None,
            "expires_at": None,
            "model": self.model,
            "progress": 0,
            "prompt": self.request.prompt,
            "remixed_from_video_id": None,
            "seconds": self.seconds,
            "size": self.request.size,
            "status": "queued",
        }
        polls = POLLS if self.directive.polls is None else self.directive.polls
        video = StoredVideo(job, polls, self.directive, is_failing=fault is Fault.FAILED)
        self.kept.put(job["id"], video)
        return msgspec.json.encode(job)


@dataclass(frozen=True, eq=False, kw_only=True)
class ContentReply(PlainReply):
    variant: str

    @property
    def content_type(self) -> bytes:
        return _VARIANTS[self.variant]


def create(asked: Asked) -> Reply:
    """A job, from JSON or a form; Refusal when the request is wrong."""
    content_type = asked.header(b"content-type")
    if content_type.startswith("multipart/"):
        form = read(content_type, asked.body)
        request: VideoRequest = convert(form.values(), VideoRequest, "", strict=False)
    else:
        request = convert(read_json(asked.body), VideoRequest, "")
    check_model(request.model)
    if not request.prompt:
        raise Refusal(400, "The prompt is empty.", param="prompt")
    seconds = _seconds(request)
    directive = directives.parse(request.model, request.prompt)
    return VideoReply(
        model=request.model,
        directive=directive,
        usage=count(directive, **{SECONDS: int(seconds)}),
        request=request,
        seconds=seconds,
        kept=asked.shelf.videos,
    )


def _seconds(request: VideoRequest) -> str:
    asked = request.seconds or request.duration or 4
    seconds = str(asked)
    if directives.base_model(request.model).startswith(_PREFIX) and request.duration is None:
        if seconds not in _SECONDS:
            message = f"Invalid value: '{seconds}'. Supported values are: '4', '8', and '12'."
            raise Refusal(400, message, code="invalid_value", param="seconds")
    elif not seconds.isascii() or not seconds.isdigit() or not 1 <= int(seconds) <= SECONDS_MAX:
        raise Refusal(400, f"A whole number from 1 to {SECONDS_MAX}.", param="seconds")
    return seconds


def poll(asked: Asked) -> Reply:
    """The job as it stands, one step further than at the last look; Refusal 404."""
    video = _find(asked)
    video.polls_seen += 1
    job = video.job
    if job["status"] in ("queued", "in_progress"):
        if video.polls_seen < video.polls:
            job["status"] = "in_progress"
            job["progress"] = 100 * video.polls_seen // video.polls
        else:
            _finish(video)
    return PlainReply(body=msgspec.json.encode(job))


def _finish(video: StoredVideo) -> None:
    job = video.job
    if video.is_failing:
        message = f"The demo upstream failed; {LEAK_MARK}"
        job["error"] = {"code": "video_generation_failed", "message": message}
        job["status"] = "failed"
        return
    job["status"], job["progress"] = "completed", 100
    job["completed_at"] = job["created_at"] + video.polls_seen
    job["expires_at"] = job["created_at"] + _LIFE_S


def content(asked: Asked) -> Reply:
    """The video's bytes, as many as `size` asks for; Refusal 404 before it is ready."""
    video = _find(asked)
    variant = asked.query.get("variant", "video")
    if variant not in _VARIANTS:
        raise Refusal(400, f"Invalid value: '{variant}'.", code="invalid_value", param="variant")
    if video.job["status"] != "completed":
        raise Refusal(404, "Video is not ready yet, use GET /v1/videos/{video_id} to check.")
    size = video.directive.size_bytes or len(MP4)
    return ContentReply(body=MP4.ljust(size, b"\0"), variant=variant)


def delete(asked: Asked) -> Reply:
    """Forget a job; Refusal 404."""
    identifier = _find(asked).job["id"]
    asked.shelf.videos.drop(identifier)
    body = {"id": identifier, "object": "video.deleted", "deleted": True}
    return PlainReply(body=msgspec.json.encode(body))


def listed(asked: Asked) -> Reply:
    """The jobs that are kept, newest first."""
    jobs = [video.job for video in asked.shelf.videos.all()][::-1]
    ends = {"first_id": jobs[0]["id"], "last_id": jobs[-1]["id"]} if jobs else {}
    body = {"object": "list", "data": jobs, "has_more": False, **ends}
    return PlainReply(body=msgspec.json.encode(body))


def _find(asked: Asked) -> StoredVideo:
    identifier = asked.path["id"]
    found = asked.shelf.videos.find(identifier)
    if found is None:
        raise Refusal(404, f"Video with id '{identifier}' not found.", param="id")
    return found
