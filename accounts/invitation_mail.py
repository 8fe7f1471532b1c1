"""The mail that carries an invitation's link; never stores the token that is in it."""

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts import links
from accounts.models import Invitation, User


def send(invitation: Invitation, token: str) -> None:
    """In the reader's language where we know them, else in the site's."""
    site = invitation.organization.site
    reader = User.objects.filter(email=invitation.email).values_list("language", flat=True).first()
    context = {
        "site": site,
        "organization": invitation.organization,
        "inviter": invitation.invited_by,
        "invitation": invitation,
        "url": links.address_of(site, reverse("invitation", args=[token])),
    }
    with translation.override(reader or site.language):
        subject = " ".join(render_to_string("mail/invitation_subject.txt", context).split())
        body = render_to_string("mail/invitation_message.txt", context)
    EmailMessage(subject, body, links.sender_of(site), [invitation.email]).send()
