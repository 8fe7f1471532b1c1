"""Upstreams: the vendor connections of the deployment. Credentials go in and never come out."""

from typing import Any

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Count, Fields, Flag, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.problems import Problem
from accounts.api.views import OperatorView
from accounts.scopes import Scope
from relay import upstreams
from relay.catalog import credentials, quirk_section, values
from relay.models import Upstream
from relay.models.upstreams import LABEL_CHARS_MAX
from relay.proxy.upstream.port import Origin


class CredentialDocument(Fields):
    """A credential as staff see it: nothing of the secret."""

    id = Text()
    label = Text(allow_blank=True)  # type: ignore[assignment]  # not DRF's attribute
    added_at = Time()


class UpstreamDocument(Fields):
    """A vendor API that we call with credentials of our own."""

    id = Text(source="pk")
    dialect = serializers.ChoiceField(Upstream.Dialect.values)
    base_url = Text()
    provider = Text(allow_blank=True)
    concurrency_max = Count(allow_null=True)
    quirks = serializers.DictField()
    is_active = Flag()
    paused_at = Time(allow_null=True)
    pause_reason = Text(allow_blank=True)
    credentials = CredentialDocument(many=True, source="held")
    created_at = Time()


class UpstreamChange(Fields):
    """What is left out stays as it is. A `credential` replaces all that are stored, and is needed
    where `base_url` goes to another host."""

    dialect = serializers.ChoiceField(Upstream.Dialect.values, required=False)
    base_url = Text(max_length=values.BASE_URL_CHARS_MAX, required=False)
    provider = Text(max_length=60, required=False, allow_blank=True)
    concurrency_max = Count(required=False, allow_null=True, min_value=1)
    quirks = serializers.DictField(required=False)
    credential = Text(required=False, max_length=credentials.CREDENTIAL_BYTES_MAX, write_only=True)


class NewUpstream(UpstreamChange):
    """An upstream; without a route to it nothing is sent there."""

    id = serializers.RegexField(r"^[a-z0-9][a-z0-9-]*$", max_length=40)
    dialect = serializers.ChoiceField(Upstream.Dialect.values)
    base_url = Text(max_length=values.BASE_URL_CHARS_MAX)


class NewCredential(Fields):
    """One more that takes its turn."""

    label = Text(max_length=LABEL_CHARS_MAX)  # type: ignore[assignment]
    credential = Text(max_length=credentials.CREDENTIAL_BYTES_MAX, write_only=True)


class Pause(Fields):
    """Take calls or not, and why."""

    is_active = Flag()
    reason = Text(max_length=500)


class UpstreamList(OperatorView):
    @operation("ops.upstreams", Scope.OPS_READ, answer=UpstreamDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List upstreams by id."""
        return paging.by_id(Upstream.objects.all(), call.query, kind=str)

    @operation(
        "ops.upstreams.create",
        Scope.OPS_WRITE,
        body=NewUpstream,
        answer=UpstreamDocument,
        status=201,
    )
    def post(self, call: Call) -> Upstream:
        """Add an upstream."""
        given = {"provider": "", "credential": ""} | checked(call.body)
        return upstreams.create(given.pop("id"), **given, by=call.by)


class UpstreamDetail(OperatorView):
    @operation("ops.upstream", Scope.OPS_READ, answer=UpstreamDocument)
    def get(self, call: Call, upstream_id: str) -> Upstream:
        """Read one upstream."""
        return get_object_or_404(Upstream, pk=upstream_id)

    @operation("ops.upstream.change", Scope.OPS_WRITE, body=UpstreamChange, answer=UpstreamDocument)
    def patch(self, call: Call, upstream_id: str) -> Upstream:
        """Change an upstream."""
        row = get_object_or_404(Upstream.objects.select_for_update(), pk=upstream_id)
        given = checked(call.body)
        names = ("dialect", "base_url", "provider", "concurrency_max", "quirks")
        settings = {name: getattr(row, name) for name in names} | given
        keep_credential_at_its_host(row, given)
        upstreams.update(row, **settings, by=call.by)
        return row


class UpstreamCredentials(OperatorView):
    @operation(
        "ops.upstream.credentials.create",
        Scope.OPS_WRITE,
        body=NewCredential,
        answer=UpstreamDocument,
        status=201,
    )
    def post(self, call: Call, upstream_id: str) -> Upstream:
        """Add a credential, which takes its turn."""
        row = get_object_or_404(Upstream, pk=upstream_id)
        secret = usable("credential", call.body["credential"])
        try:
            upstreams.add_credential(row, label=call.body["label"], secret=secret, by=call.by)
        except ValueError as error:
            raise Problem(409, "exists", "It is there already, or there are too many.") from error
        return get_object_or_404(Upstream, pk=upstream_id)


class UpstreamCredential(OperatorView):
    @operation("ops.upstream.credentials.remove", Scope.OPS_WRITE, status=204)
    def delete(self, call: Call, upstream_id: str, credential_id: str) -> None:
        """Remove a credential; calls under way with it go on."""
        row = get_object_or_404(Upstream, pk=upstream_id)
        upstreams.remove_credential(row, credential_id, by=call.by)


class UpstreamSwitch(OperatorView):
    @operation("ops.upstream.switch", Scope.OPS_WRITE, body=Pause, answer=UpstreamDocument)
    def put(self, call: Call, upstream_id: str) -> Upstream:
        """Pause an upstream, or let it take calls again."""
        row = get_object_or_404(Upstream, pk=upstream_id)
        body = call.body
        upstreams.set_active(row, is_active=body["is_active"], by=call.by, reason=body["reason"])
        return row


def checked(given: dict[str, Any]) -> dict[str, Any]:
    """As the data plane can use it; 422 names the field that it can't."""
    found = dict(given)
    if "base_url" in found:
        found["base_url"] = usable("base_url", found["base_url"])
    if "quirks" in found:
        found["quirks"] = usable("quirks", found["quirks"])
    if found.get("credential"):
        found["credential"] = usable("credential", found["credential"])
    return found


_CHECKS: dict[str, Any] = {
    "base_url": values.base_url,
    "quirks": quirk_section.check,
    "credential": credentials.usable,
}


def usable(field: str, value: Any) -> Any:
    """Never repeats a credential."""
    try:
        return _CHECKS[field](value)
    except (ValueError, ValidationError) as error:
        words = "It is one line of printable ASCII." if field == "credential" else str(error)
        raise Problem(
            422, "refused", f"The {field} cannot be used.", errors=[(field, "unusable", words)]
        ) from error


def keep_credential_at_its_host(row: Upstream, given: dict[str, Any]) -> None:
    """A stored credential is for the host that it was entered for: a new host must not get it
    without somebody who knows it."""
    if not row.has_credential or given.get("credential") or "base_url" not in given:
        return
    old, new = Origin.parse(row.base_url), Origin.parse(given["base_url"])
    if (old.scheme, old.host, old.port) != (new.scheme, new.host, new.port):
        raise Problem(
            422,
            "refused",
            "The stored credential would go to another host.",
            errors=[("credential", "missing", "Send it again with the new base_url.")],
        )
