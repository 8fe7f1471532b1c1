"""How the Upstream that has an object is reached: from its row, whether it sells anything still."""

from cryptography.fernet import InvalidToken

from relay.models import Upstream
from relay.proxy.errors import ApiError, Cause
from relay.proxy.objects import Link
from relay.proxy.upstream.port import Origin
from relay.proxy.wire import Kind, quirks_of, wire


def link(upstream_id: str, credential_id: str) -> Link:
    """By the credential that made it, which may stand for an account of its own; by another where
    that one was replaced.

    Raises ApiError(NO_UPSTREAM_AVAILABLE): the Upstream is gone, or its row is no good.
    """
    row = Upstream.objects.filter(pk=upstream_id).first()
    if row is None:
        raise ApiError(Cause.NO_UPSTREAM_AVAILABLE)
    try:
        secrets = dict(row.secrets())
        secret = secrets.get(credential_id) or next(iter(secrets.values()), "")
        spoken = wire(Kind(row.dialect), secret.encode(), quirks_of(row.quirks))
        return Link(Origin.parse(row.base_url), spoken)
    except (ValueError, InvalidToken):
        raise ApiError(Cause.NO_UPSTREAM_AVAILABLE) from None
