"""What a Call left behind that its organization may ask for again, and how its Upstream is reached
then. Plain data; where it is kept is an adapter's business."""

from dataclasses import dataclass
from enum import StrEnum, unique

from relay.proxy.types import Usage
from relay.proxy.upstream.port import Origin
from relay.proxy.wire import Wire

# A list is asked for a page at a time (OpenAI API reference, "List videos", read 2026-11).
PAGE_MAX = 100
PAGE = 20


@unique
class ObjectKind(StrEnum):
    """What it is; the values of the table."""

    VIDEO = "video"
    RESPONSE = "response"


@unique
class ObjectState(StrEnum):
    """How far it is. Whatever is not pending has ended, and stays as it is."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object. `document` is the JSON that its owner saw last, under public names."""

    id: str
    kind: ObjectKind
    state: ObjectState
    site_id: str
    organization_id: str
    key_id: str
    model: str
    upstream_id: str  # "": there is none, we keep all there is
    credential_id: str  # which of its accounts with us; "": there is but one
    upstream_model: str
    upstream_object: str
    operation: str
    document: bytes
    created_at: int  # Unix seconds
    looked_at: int = 0  # Unix seconds; when its Upstream was asked last
    items: bytes = b""  # what it was asked with, a JSON array


@dataclass(frozen=True, slots=True)
class Link:
    """How the Upstream that has an object is reached now."""

    origin: Origin
    wire: Wire


@dataclass(frozen=True, slots=True)
class Job:
    """What a Call made that is not ready yet: it is paid when that is, with `usage`."""

    id: str  # public
    state: ObjectState
    upstream_object: str
    document: bytes
    usage: Usage


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list."""

    objects: tuple[StoredObject, ...]
    has_more: bool
