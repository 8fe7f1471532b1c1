"""The base of the errors of accounts. Leaves live in the modules that raise them.

AccountsError
+-- MemberError          accounts.members: a change of members that must not be
+-- KeyTermsRefused      accounts.key_terms
+-- RotationRefused      accounts.key_rotation
+-- KeyNotFound, KeyNotYours   accounts.key_access
+-- TooManyKeys, KeyEnded      billing.keys
+-- InvitationError      accounts.invitations: one that cannot be made, sent or accepted
+-- SiteRefused          accounts.site_values, accounts.sites: a site that must not be so
+-- SignUpClosed, AlreadyCustomer   accounts.organizations
+-- NoteRefused          accounts.customer_notes
+-- TokenRefused         accounts.api_tokens
+-- SetupRefused         accounts.first_run: a deployment that cannot be claimed
+-- StaffError           accounts.site_staff, accounts.operators: the same of staff
"""


class AccountsError(Exception):
    """`code` is stable and may be shown to machines; the text is for people."""

    code = "accounts_error"
