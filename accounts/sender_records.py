"""The DNS records that make mails from a site's own address pass for genuine: what to set, and what
a look at them says. Pure: asks nobody.

Sources: SPF is RFC 7208, DKIM RFC 6376 (3.6.1), read 2026-11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SPF_MARK = "v=spf1"


class Kind(StrEnum):
    """What a record is for."""

    SPF = "SPF"
    DKIM = "DKIM"


class Finding(StrEnum):
    """What is there, measured against what should be."""

    RIGHT = "right"
    THERE = "there"  # and nobody has told us what it should say
    MISSING = "missing"  # as it is until DNS has heard of it
    DIFFERS = "differs"
    SEVERAL = "several"  # receivers then take none (RFC 7208, 4.5)
    REVOKED = "revoked"  # a key without a value (RFC 6376, 3.6.1)
    UNREAD = "unread"  # DNS did not answer in time


@dataclass(frozen=True, slots=True)
class Sending:
    """How this deployment's mail server sends, as far as the operator has said; "": not said."""

    spf_include: str = ""
    dkim_selector: str = ""
    dkim_public_key: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A TXT record to set. `name` is "" for one that only the mail server's owner can name, `value`
    for one whose content only they can tell."""

    kind: Kind
    name: str
    value: str


def wanted(sender_address: str, sending: Sending) -> Sequence[Record]:
    """The records of an address's domain; none where the deployment's own address is used."""
    _local, _at, domain = sender_address.rpartition("@")
    if not domain:
        return ()
    include, selector, key = sending.spf_include, sending.dkim_selector, sending.dkim_public_key
    return (
        Record(Kind.SPF, domain, f"{SPF_MARK} include:{include} ~all" if include else ""),
        Record(
            Kind.DKIM,
            f"{selector}._domainkey.{domain}" if selector else "",
            f"v=DKIM1; k=rsa; p={key}" if key else "",
        ),
    )


def judge(record: Record, texts: Sequence[str], sending: Sending) -> tuple[Finding, str]:
    """What the texts at the record's name come to, and the one that was judged."""
    if record.kind is Kind.SPF:
        return _judge_spf(texts, sending.spf_include.lower())
    return _judge_dkim(texts, sending.dkim_public_key)


def _judge_spf(texts: Sequence[str], include: str) -> tuple[Finding, str]:
    found = [text for text in texts if (text.lower().split() or [""])[0] == SPF_MARK]
    if not found:
        return Finding.MISSING, ""
    if len(found) > 1:
        return Finding.SEVERAL, found[0]
    if not include:
        return Finding.THERE, found[0]
    terms = {term.lstrip("+?~") for term in found[0].lower().split()[1:]}
    is_right = not terms.isdisjoint({f"include:{include}", f"redirect={include}"})
    return (Finding.RIGHT if is_right else Finding.DIFFERS), found[0]


def _judge_dkim(texts: Sequence[str], key: str) -> tuple[Finding, str]:
    found = [(text, tags) for text in texts if "p" in (tags := _tags(text))]
    if not found:
        return Finding.MISSING, ""
    if key:
        for text, tags in found:
            if tags["p"] == _packed(key):
                return Finding.RIGHT, text
    text, tags = found[0]
    if not tags["p"]:
        return Finding.REVOKED, text
    return (Finding.DIFFERS if key else Finding.THERE), text


def _tags(text: str) -> dict[str, str]:
    """`name=value` pairs between semicolons; white space inside a value says nothing."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): _packed(value) for name, mark, value in pairs if mark}


def _packed(value: str) -> str:
    return "".join(value.split())
