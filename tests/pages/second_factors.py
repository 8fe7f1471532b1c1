"""Second factors, for tests: an authenticator app's six digits at any moment, a passkey."""

import re
import time

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2.cose import ES256
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    CollectedClientData,
    RegistrationResponse,
)

from accounts.models import User

STEP_S = 30
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # base32, as apps have it; for tests only


def code_of(secret: str, *, steps: int = 0) -> str:
    """What the app shows, `steps` of 30 s from now."""
    counter = int(time.time()) // STEP_S + steps
    return str(format_hotp_value(hotp_value(secret, counter)))


def give_app(user: User) -> str:
    """An authenticator app that is set up already; returns its secret."""
    TOTP.activate(user, SECRET)
    return SECRET


def secret_on(client: Client, path: str) -> str:
    """The secret that the page for setting an app up shows."""
    found = re.search(r'id="totp-secret"[^>]*>([A-Z2-7]+)<', client.get(path).content.decode())
    assert found
    return found[1]


def give_passkey(user: User) -> Authenticator:
    """A passkey that is on record; nobody holds its private half."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    credential = AttestedCredentialData.create(bytes(16), b"laptop", public)
    flags = AuthenticatorData.FLAG.AT | AuthenticatorData.FLAG.UP
    data = AuthenticatorData.create(bytes(32), flags, 0, credential)
    client_data = CollectedClientData.create("webauthn.create", b"asked", "http://testserver")
    attestation = AttestationObject.create("none", data, {})
    answer = AuthenticatorAttestationResponse(
        client_data=client_data, attestation_object=attestation
    )
    registered = dict(RegistrationResponse(raw_id=b"laptop", response=answer))
    return Authenticator.objects.create(
        user=user,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": "Laptop", "credential": registered},
    )
