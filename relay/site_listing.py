"""How a site lists a model, with the alias that it may list it by: that leads to the model on this
site, or is made to. Each act is one transaction, and the relays hear of it after commit."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import Site
from accounts.site_values import SiteRefused
from billing import site_models
from billing.models import Model, SiteModel
from relay import aliases, signals
from relay.catalog import values as catalog_values
from relay.models import ModelAlias


@transaction.atomic
def set_look(site: Site, model: Model, values: Mapping[str, Any], *, by: audit.Actor) -> SiteModel:
    """As `billing.site_models.set_look`; a new `shown_as` becomes an alias on the site. Raises
    SiteRefused, also for a name that leads elsewhere."""
    given = dict(values)
    if shown_as := given.get("shown_as", ""):
        given["shown_as"] = "" if shown_as == model.pk else _leading(site, model, shown_as, by=by)
    row = site_models.set_look(site, model, given, by=by)
    signals.announce()
    return row


def _leading(site: Site, model: Model, alias: str, *, by: audit.Actor) -> str:
    """The alias, which leads to the model on this site from now on."""
    try:
        catalog_values.model_id(alias)
    except ValueError as error:
        raise SiteRefused("shown_as", "bad_name") from error
    own = ModelAlias.objects.filter(alias=alias, site=site).first()
    row = own or ModelAlias.objects.filter(alias=alias, site=None).first()
    if row is None or row.model_id != model.pk:
        try:
            # A name of all sites that leads elsewhere gives way to the site's own.
            aliases.add(model, alias, site, by=by)
        except aliases.AliasTaken as error:
            raise SiteRefused("shown_as", "name_taken") from error
    return alias
