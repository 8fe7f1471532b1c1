"""Old secrets of a key that still open beside its new one."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts import key_rotation
from accounts.api.fields import Fields, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.views import OrganizationView
from accounts.permissions import Act
from accounts.scopes import Scope
from billing.api.keys import changeable, found


class OldSecret(Fields):
    """What was rotated away; it opens until it expires."""

    id = Fields.integer(source="row.pk", max_value=2**63 - 1)
    last_four = Text(source="row.last_four")
    retired_at = Time(source="row.retired_at")
    expires_at = Time(source="row.expires_at")
    opens = serializers.BooleanField(source="is_live")


class OldSecrets(Fields):
    """Those that are kept, the youngest first."""

    items = OldSecret(many=True)


class KeySecrets(OrganizationView):
    @operation("keys.secrets", Scope.KEYS_READ, act=Act.SEE_USAGE, answer=OldSecrets)
    def get(self, call: Call, key_id: str) -> dict[str, Any]:
        """List a key's old secrets, the youngest first."""
        return {"items": key_rotation.old_secrets(found(call, key_id))}


class OldKeySecret(OrganizationView):
    @operation("keys.secrets.end", Scope.KEYS_WRITE, act=Act.MAKE_KEYS, status=204)
    def delete(self, call: Call, key_id: str, retired_id: int) -> None:
        """Let an old secret open no longer. Repeating it changes nothing."""
        key = changeable(call, key_id)
        row = get_object_or_404(key.retired_secrets, pk=retired_id)
        key_rotation.end_old_secret(key, row.pk, by=call.by)
