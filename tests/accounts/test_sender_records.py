"""The records that a site's sender needs: what to set, and what is made of what is there."""

import pytest

from accounts.sender_records import Finding, Kind, Sending, judge, wanted

SENDING = Sending("mail.example", "tg", "MIIB+key/==")
SPF, DKIM = wanted("hello@shop.example", SENDING)


def test_the_records_are_told_word_for_word() -> None:
    assert (SPF.name, SPF.value) == ("shop.example", "v=spf1 include:mail.example ~all")
    assert DKIM.name == "tg._domainkey.shop.example"
    assert DKIM.value == "v=DKIM1; k=rsa; p=MIIB+key/=="


def test_what_nobody_has_said_is_left_to_ask() -> None:
    records = wanted("hello@shop.example", Sending())
    assert [(each.kind, each.value) for each in records] == [(Kind.SPF, ""), (Kind.DKIM, "")]
    assert [each.name for each in records] == ["shop.example", ""]
    assert wanted("", SENDING) == ()


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([], Finding.MISSING),
        (["google-site-verification=1", "v=spf10 all", ""], Finding.MISSING),
        (["v=spf1 mx include:mail.example -all"], Finding.RIGHT),
        (["V=SPF1 ?include:Mail.Example ~all"], Finding.RIGHT),
        (["v=spf1 redirect=mail.example"], Finding.RIGHT),
        (["v=spf1 include:mail.example.org -all"], Finding.DIFFERS),
        (["v=spf1 -include:mail.example ~all"], Finding.DIFFERS),  # which forbids it
        (["v=spf1 include:mail.example ~all", "v=spf1 -all"], Finding.SEVERAL),
    ],
)
def test_what_an_spf_record_comes_to(texts: list[str], found: Finding) -> None:
    assert judge(SPF, texts, SENDING)[0] is found


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([], Finding.MISSING),
        (["nothing of the kind"], Finding.MISSING),
        (["v=DKIM1; k=rsa; p=MIIB+key/=="], Finding.RIGHT),
        (["k=rsa; p=MIIB +key /==;"], Finding.RIGHT),  # folded
        (["v=DKIM1; p=other"], Finding.DIFFERS),
        (["v=DKIM1; p=other", "v=DKIM1; p=MIIB+key/=="], Finding.RIGHT),
        (["v=DKIM1; p="], Finding.REVOKED),
    ],
)
def test_what_a_dkim_record_comes_to(texts: list[str], found: Finding) -> None:
    assert judge(DKIM, texts, SENDING)[0] is found


def test_with_nothing_to_compare_being_there_is_all_that_is_said() -> None:
    assert judge(SPF, ["v=spf1 -all"], Sending())[0] is Finding.THERE
    assert judge(DKIM, ["v=DKIM1; p=other"], Sending())[0] is Finding.THERE
