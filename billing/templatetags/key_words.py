"""What the trail of a key says, for templates; the words are `billing.web.key_words`'."""

from django import template

from accounts.models import AuditRecord
from billing.web import key_words
from billing.web.key_words import Change

register = template.Library()
register.filter("family_name", key_words.family_name)
register.filter("key_act", key_words.act_of)
register.filter("tenths", key_words.tenths)


@register.filter
def key_changes(entry: AuditRecord, currency: str) -> list[Change]:
    """What an entry changed."""
    return list(key_words.changes_of(entry, currency))
