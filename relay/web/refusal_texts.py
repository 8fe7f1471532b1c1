"""Why a site must not be so, in the words of its forms."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.site_values import SiteRefused

TEXTS = {
    "bad_id": _("Lower-case letters, digits and dashes, at most 40."),
    "id_taken": _("There is a site with this id."),
    "bad_text": _("Too long, empty, or not printable."),
    "bad_currency": _("A code of three letters, such as USD."),
    "currency_fixed": _("The site has customers: their balances are in its currency."),
    "bad_time_zone": _("Not a time zone such as Asia/Shanghai."),
    "bad_language": _("Choose at least one of the languages."),
    "language_not_offered": _("The first language must be one that is offered."),
    "bad_domain": _("Host names in lower case without port, each once."),
    "domain_taken": _("One of them leads to another site."),
    "bad_address": _("Not a mail address."),
    "bad_colour": _("A colour is written as #0b62d6."),
    "low_contrast": _("It could not be read in this theme: the contrast is below 4.5."),
    "logo_too_big": _("The file is larger than 1 MB."),
    "logo_too_many_pixels": _("The picture has more than 8 million pixels."),
    "logo_unreadable": _("Not a PNG, JPEG, WebP or GIF picture."),
    "no_such_plan": _("There is no such plan."),
    "bad_amount": _("Not an amount, e.g. 25 or 0.50."),
    "bad_status": _("This cause may not be answered with that status."),
    "bad_name": _("Only letters, digits and . _ : / + @ -"),
    "name_taken": _("It is a model's id, or leads to another model on this site."),
    "ends_before_it_starts": _("It must end after it begins."),
}


def add_to(form: forms.Form, refused: SiteRefused) -> None:
    """Put the reason beside its field, or over the form where it has no such field."""
    text = TEXTS.get(refused.code, _("This cannot be saved."))
    form.add_error(refused.field if refused.field in form.fields else None, str(text))
