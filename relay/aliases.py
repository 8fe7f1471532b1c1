"""Further names of models as staff give and take them: everywhere, or on one site. Each act is one
transaction, and the relays hear of it after commit."""

from django.db import transaction

from accounts import audit
from accounts.models import Site
from billing.models import Model, SiteModel
from relay import signals
from relay.models import ModelAlias


class AliasTaken(ValueError):
    """The name is a model's id, or leads to a model there already."""

    code = "alias_taken"


@transaction.atomic
def add(model: Model, alias: str, site: Site | None, *, by: audit.Actor) -> ModelAlias:
    """Let `alias` stand for `model`, on every site without one. Raises AliasTaken."""
    if Model.objects.filter(pk=alias).exists():
        raise AliasTaken(alias)
    made, is_new = ModelAlias.objects.get_or_create(
        alias=alias, site=site, defaults={"model": model}
    )
    if not is_new:
        raise AliasTaken(alias)
    audit.record(by, "alias.add", model, site=site, after={"alias": alias})
    signals.announce()
    return made


@transaction.atomic
def remove(alias: ModelAlias, *, by: audit.Actor) -> None:
    """End a name; Calls that are under way end under it, and no list shows it any more."""
    before = {"alias": alias.alias}
    audit.record(by, "alias.remove", alias.model, site=alias.site, before=before)
    shown = SiteModel.objects.filter(model=alias.model, shown_as=alias.alias)
    (shown if alias.site is None else shown.filter(site=alias.site)).update(shown_as="")
    alias.delete()
    signals.announce()
