"""A request as the caller gave it, and the same for an Upstream under the Route's model name: a
JSON object, or a form with files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from relay.proxy import json_objects
from relay.proxy.errors import ApiError, Cause
from relay.proxy.forms import sending
from relay.proxy.forms.form import Form
from relay.proxy.request import Outgoing
from relay.proxy.types import Route


class Asked(Protocol):
    """What endpoints need not know: in what kind of body it came."""

    def outgoing(self, route: Route, operation: str, model: str) -> Outgoing:
        """What to send. Raises ApiError, naming the public `model`, where the Route's Upstream has
        no such operation."""


@dataclass(frozen=True, slots=True)
class AskedJson:
    """Implements `Asked`: values keep the caller's own bytes."""

    fields: Mapping[str, msgspec.Raw]

    def outgoing(self, route: Route, operation: str, model: str) -> Outgoing:
        """See `Asked.outgoing`."""
        path = path_of(operation, route, model)
        body = json_objects.changed(self.fields, model=route.name)
        return Outgoing(path, route.wire.renamed(body), route.wire.json_head)


@dataclass(frozen=True, slots=True)
class AskedForm:
    """Implements `Asked`: files are read from the form's spool while they are sent."""

    form: Form

    def outgoing(self, route: Route, operation: str, model: str) -> Outgoing:
        """See `Asked.outgoing`."""
        path = path_of(operation, route, model)
        upload = sending.upload(self.form, model=route.name, renames=route.wire.quirks.renames)
        return Outgoing(path, upload, route.wire.head_for(upload.content_type))


def path_of(operation: str, route: Route, model: str) -> str:
    """Where the Route's Upstream has it. Raises ApiError, naming the public model, if nowhere."""
    if not route.wire.has(operation):
        raise ApiError(Cause.ENDPOINT_NOT_SUPPORTED, param="model", detail=model)
    return route.wire.path(operation, route.name)
