"""How sites list models, and when models end: from the file to the database and back."""

import pytest
from django.utils import timezone

from billing.models import Model, SiteModel
from relay.catalog import stored
from relay.catalog.export import export
from relay.catalog.problems import CatalogRefused
from tests.relay.catalog.conftest import CATALOG, Apply

MORE = """\
models:
  - id: gpt-4o-mini
    capabilities: [vision, tools]
    retires_at: "2027-01-31T00:00:00+08:00"
    successor: gpt-4o
sites:
  - id: acme
    aliases: {acme-best: "gpt-4o"}
    offers:
      gpt-4o: {shown_as: "acme-best", position: 1, description: {en: "Quick.", zh-hant: "快。"}}
      gpt-4o-mini: {withheld: true, hidden: true}
"""


def test_they_are_stored_exported_and_applied_again_without_a_change(apply: Apply) -> None:
    apply(CATALOG)
    apply(MORE)
    model = Model.objects.get(pk="gpt-4o-mini")
    assert (model.capabilities, model.successor_id) == (["tools", "vision"], "gpt-4o")
    assert model.retires_at is not None
    assert model.retires_at.isoformat() == "2027-01-30T16:00:00+00:00"
    best = SiteModel.objects.get(model="gpt-4o")
    assert (best.shown_as, best.position, best.is_hidden) == ("acme-best", 1, False)
    text = export(stored.read(timezone.now()))
    assert "acme-best" in text
    assert apply(text) == []
    apply("sites: [{id: acme, offers: {gpt-4o: {hidden: true}}}]\n")
    (row,) = SiteModel.objects.all()
    assert (row.model_id, row.is_hidden, row.shown_as, row.description) == ("gpt-4o", True, "", {})
    apply("models: [{id: gpt-4o-mini, retires_at: null, successor: null, capabilities: []}]\n")
    model.refresh_from_db()
    assert (model.retires_at, model.successor, model.capabilities) == (None, None, [])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("models: [{id: gpt-4o, successor: gone}]", "no model 'gone'"),
        ("models: [{id: gpt-4o, successor: gpt-4o}]", "cannot follow itself"),
        ("models: [{id: gpt-4o, capabilities: [flies]}]", "'flies' is not one of"),
        ('models: [{id: gpt-4o, retires_at: "2027-01-31T00:00:00"}]', "has no offset"),
        ("sites: [{id: acme, offers: {gone: {hidden: true}}}]", "no model 'gone'"),
        ("sites: [{id: acme, offers: {gpt-4o: {shown_as: other}}}]", "no alias of the model"),
        ("sites: [{id: acme, offers: {gpt-4o: {seen: true}}}]", "unknown field"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(apply: Apply, wrong: str, said: str) -> None:
    apply(CATALOG)
    with pytest.raises(CatalogRefused) as refused:
        apply(wrong + "\n")
    assert said in str(refused.value)
