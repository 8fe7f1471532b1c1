"""Making a key and giving it another secret: the two pages whose answer shows a secret, once."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit, key_access, key_rotation
from accounts.api_keys import Minted
from accounts.key_rotation import RotationRefused
from accounts.key_terms import KeyTermsRefused
from accounts.models import ApiKey
from accounts.permissions import Act
from accounts.web.access import member_page
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from billing import keys, plans
from billing.reports import price_list
from billing.web.key_forms import KeyForm, RotateForm
from billing.web.snippets import base_url_of, snippets_of

# Form ids of keys already made in this session, so that "refresh" makes no second one.
USED_FORMS = "used_key_forms"
USED_FORMS_MAX = 20


@require_http_methods(["GET", "POST"])
@member_page(Act.MAKE_KEYS)
def create_key(request: MemberRequest) -> HttpResponse:
    """C3. The answer to the POST is the only page that ever shows the secret."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if not (form.is_bound and form.is_valid()):
        return form_page(request, "app/key_create.html", form)
    if is_sent_again(request, form.cleaned_data["form_id"]):
        return redirect("keys")
    try:
        minted = keys.create(request.organization, form.terms(), by=audit.actor_of(request))
    except KeyTermsRefused as error:
        form.refuse(error)
    except keys.TooManyKeys:
        form.add_error(None, _("There are too many keys. Revoke some that nobody uses."))
    else:
        remember_form(request, form.cleaned_data["form_id"])
        return shown_once(request, minted)
    return form_page(request, "app/key_create.html", form)


def form_page(
    request: MemberRequest, template: str, form: KeyForm, key: ApiKey | None = None
) -> HttpResponse:
    """The form of a new key or of `key`, with what a person needs to fill it in."""
    context = {
        "form": form,
        "key": key,
        "your_ip": request.META.get("REMOTE_ADDR", ""),
        "plan_limits": plans.limits_of(request.organization),
    }
    return render_page(request, template, context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@member_page(Act.MAKE_KEYS)
def rotate_key(request: MemberRequest, key_id: str) -> HttpResponse:
    """Another secret for the same key, shown once as the first one was."""
    key = changeable(request, key_id)
    form = RotateForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if is_sent_again(request, form.cleaned_data["form_id"]):
            return redirect("key", key.pk)
        try:
            minted = key_rotation.rotate(
                key, overlap=form.cleaned_data["overlap"], by=audit.actor_of(request)
            )
        except RotationRefused as error:
            form.add_error(None, _why(error))
        else:
            remember_form(request, form.cleaned_data["form_id"])
            old = minted.key.retired_secrets.first()
            return shown_once(request, minted, old_until=old.expires_at if old else None)
    context = {"key": key, "form": form}
    return render_page(
        request, "app/key_rotate.html", context, status=422 if form.is_bound else 200
    )


def _why(error: RotationRefused) -> str:
    if error.code == "too_many_live":
        return _("Three old secrets still work. End one first, or choose “no longer”.")
    return _("This key has ended. Create another one.")


def is_sent_again(request: MemberRequest, form_id: str) -> bool:
    """Whether this form has made a secret already; says so then."""
    if form_id not in request.session.get(USED_FORMS, []):
        return False
    messages.warning(
        request, _("That key was made already. Its secret was shown once and is not kept.")
    )
    return True


def remember_form(request: MemberRequest, form_id: str) -> None:
    """This form has made its secret."""
    used: list[str] = request.session.get(USED_FORMS, [])
    request.session[USED_FORMS] = [*used, form_id][-USED_FORMS_MAX:]


def shown_once(request: MemberRequest, minted: Minted, old_until: object = None) -> HttpResponse:
    """The secret, and code with it filled in. No cache may keep this page."""
    sold = price_list.sold(request.site)
    model = (minted.key.allowed_models or [m.id for m in sold] or [""])[0]
    context = {
        "key": minted.key,
        "secret": minted.secret,
        "old_until": old_until,
        "base_url": base_url_of(request),
        "snippets": snippets_of(request, model=model, key=minted.secret),
    }
    response = render_page(request, "app/key_secret.html", context)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def changeable(request: MemberRequest, key_id: str) -> ApiKey:
    """The key, if this member may change it: else 404, as if there were none."""
    try:
        return key_access.find_changeable(request.membership, key_id)
    except (key_access.KeyNotFound, key_access.KeyNotYours):
        raise Http404 from None
