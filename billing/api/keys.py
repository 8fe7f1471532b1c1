"""API keys of an organization: what the relay's callers authenticate with."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts import api_keys, key_access, key_rotation, key_terms
from accounts.api import paging
from accounts.api.fields import Count, Fields, Flag, Nanos, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page, PageQuery
from accounts.api.problems import not_found
from accounts.api.shapes import Reasoned
from accounts.api.views import OrganizationView
from accounts.key_access import KeyNotFound
from accounts.key_terms import COUNT_MAX, NAME_CHARS_MAX, TOKENS_MAX, KeyTerms
from accounts.models import ApiKey, BudgetPeriod, EndpointFamily
from accounts.permissions import Act
from accounts.scopes import Scope
from billing import keys

STATES = ("active", "disabled", "expired", "revoked")
OVERLAP_HOURS = [int(each.total_seconds() // 3600) for each in key_rotation.OVERLAPS]


def state_of(key: ApiKey) -> str:
    """active, disabled, expired or revoked; the later word wins."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= timezone.now():
        return "expired"
    return "active" if key.is_active else "disabled"


class Terms(Fields):
    """What a key may do; null is no limit."""

    name = Text(max_length=NAME_CHARS_MAX)
    expires_at = Time(required=False, allow_null=True)
    allowed_models = serializers.ListField(
        child=Text(max_length=200), required=False, allow_null=True, max_length=200
    )
    allowed_endpoints = serializers.ListField(
        child=serializers.ChoiceField(EndpointFamily.values), required=False, allow_null=True
    )
    allowed_networks = serializers.ListField(
        child=Text(max_length=60), required=False, allow_null=True, max_length=50
    )
    requests_per_minute = Count(required=False, allow_null=True, min_value=1)
    tokens_per_minute = Count(required=False, allow_null=True, min_value=1, max_value=TOKENS_MAX)
    concurrency = Count(required=False, allow_null=True, min_value=1, max_value=COUNT_MAX)
    budget_nanos = Nanos(required=False, allow_null=True)
    budget_period = serializers.ChoiceField(
        [*BudgetPeriod.values, ""], required=False, help_text="empty without a budget"
    )


class Key(Fields):
    """A key, without its secret."""

    id = Text(source="pk")
    name = Text()
    masked = Text()
    state = serializers.ChoiceField(STATES)
    created_at = Time()
    created_by = Text(source="created_by.email", allow_null=True, default=None)
    expires_at = Time(allow_null=True)
    revoked_at = Time(allow_null=True)
    last_used_at = Time(allow_null=True)
    allowed_models = serializers.ListField(child=Text(), allow_null=True)
    allowed_endpoints = serializers.ListField(child=Text(), allow_null=True)
    allowed_networks = serializers.ListField(child=Text(), allow_null=True)
    requests_per_minute = Count(allow_null=True)
    tokens_per_minute = Count(allow_null=True, max_value=TOKENS_MAX)
    concurrency = Count(allow_null=True)
    budget_nanos = Nanos(allow_null=True)
    budget_period = Text(allow_blank=True)

    def to_representation(self, instance: ApiKey) -> Any:
        instance.state = state_of(instance)  # type: ignore[attr-defined]
        return super().to_representation(instance)


class KeySecret(Fields):
    """A key and, in this answer only, its secret; null where an earlier answer is repeated."""

    key = Key()
    secret = Text(allow_null=True)


class KeyChange(Terms):
    """What is left out stays as it is."""

    name = Text(max_length=NAME_CHARS_MAX, required=False)
    is_active = Flag(required=False, help_text="false disables the key for a while")


class Rotation(Fields):
    """How long the old secret opens beside the new one."""

    overlap_hours = serializers.ChoiceField(OVERLAP_HOURS)


class KeyQuery(PageQuery):
    """Narrows the list of keys."""

    state = serializers.ChoiceField(("active", "disabled", "revoked"), required=False)
    name = Text(required=False, max_length=NAME_CHARS_MAX, help_text="part of the name")


_STATES: dict[str, dict[str, Any]] = {
    "active": {"is_active": True, "revoked_at": None},
    "disabled": {"is_active": False, "revoked_at": None},
    "revoked": {"revoked_at__isnull": False},
}


class KeyList(OrganizationView):
    @operation(
        "keys.list",
        Scope.KEYS_READ,
        act=Act.SEE_USAGE,
        query=KeyQuery,
        answer=Key,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List keys, the newest first. Developers see their own."""
        rows = key_access.visible(call.member).select_related("created_by")
        rows = rows.filter(**_STATES.get(call.query.get("state", ""), {}))
        if call.query.get("name"):
            rows = rows.filter(name__icontains=call.query["name"])
        return paging.by_time(rows, call.query)

    @operation(
        "keys.create",
        Scope.KEYS_WRITE,
        act=Act.MAKE_KEYS,
        body=Terms,
        answer=KeySecret,
        status=201,
        raises=(keys.TooManyKeys,),
    )
    def post(self, call: Call) -> dict[str, Any]:
        """Make a key. Its secret is in this answer and never again."""
        minted = keys.create(call.organization, KeyTerms(**call.body), by=call.by)
        return {"key": minted.key, "secret": minted.secret}


class KeyDetail(OrganizationView):
    @operation("keys.read", Scope.KEYS_READ, act=Act.SEE_USAGE, answer=Key)
    def get(self, call: Call, key_id: str) -> ApiKey:
        """Read one key."""
        return found(call, key_id)

    @operation(
        "keys.change",
        Scope.KEYS_WRITE,
        act=Act.MAKE_KEYS,
        body=KeyChange,
        answer=Key,
        raises=(keys.KeyEnded,),
    )
    def patch(self, call: Call, key_id: str) -> ApiKey:
        """Change what a key may do, disable it or enable it again."""
        key, given = changeable(call, key_id), dict(call.body)
        is_active: bool | None = given.pop("is_active", None)
        if given:
            keys.change(key, replace(key_terms.of_key(key), **given), by=call.by)
        if is_active is not None:
            api_keys.set_active(key, is_active=is_active, by=call.by)
        return found(call, key_id)


class KeyRotate(OrganizationView):
    @operation(
        "keys.rotate",
        Scope.KEYS_WRITE,
        act=Act.MAKE_KEYS,
        body=Rotation,
        answer=KeySecret,
        status=201,
    )
    def post(self, call: Call, key_id: str) -> dict[str, Any]:
        """Give a key a new secret. It is in this answer and never again."""
        overlap = timedelta(hours=call.body["overlap_hours"])
        minted = key_rotation.rotate(changeable(call, key_id), overlap=overlap, by=call.by)
        return {"key": minted.key, "secret": minted.secret}


class KeyRevoke(OrganizationView):
    @operation("keys.revoke", Scope.KEYS_WRITE, act=Act.MAKE_KEYS, body=Reasoned, answer=Key)
    def post(self, call: Call, key_id: str) -> ApiKey:
        """End a key and its secrets for good. Repeating it changes nothing."""
        key = changeable(call, key_id)
        api_keys.revoke(key, by=call.by, reason=call.body["reason"])
        return key


def found(call: Call, key_id: str) -> ApiKey:
    """A key that the caller may look at; else 404."""
    try:
        return key_access.find(call.member, key_id)
    except KeyNotFound as error:
        raise not_found() from error


def changeable(call: Call, key_id: str) -> ApiKey:
    """A key that the caller may change; else 404, or 403 where they may only look."""
    found(call, key_id)
    return key_access.find_changeable(call.member, key_id)
