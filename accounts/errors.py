"""The errors of this app, each with a code that never changes; what they look like to a browser
or a program is a table of that surface."""


class AccountsError(Exception):
    """Something that a person or program asked for and may not have."""

    code = "accounts_error"
