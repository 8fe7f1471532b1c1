"""What answers of several resources have in them."""

from accounts.api.fields import Fields, Text, Time


class Person(Fields):
    """Somebody with a login."""

    id = Fields.integer(source="pk")
    email = Text()
    name = Text(allow_blank=True)


class Reasoned(Fields):
    """Why something is done; the audit log keeps it."""

    reason = Text(max_length=500, required=False, allow_blank=True, default="")


class SpanQuery(Fields):
    """Instants that bound a list: from the first on, before the second."""

    since = Time(required=False)
    until = Time(required=False)
