"""One reseller storefront: its domains, currency, language and error contract."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

# The id stands in Redis keys (inside a hash tag), URLs and the catalog file.
SLUG = RegexValidator(r"^[a-z0-9][a-z0-9-]{0,39}$", "lower-case letters, digits and dashes")

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文")]


def all_languages() -> list[str]:
    """What a new site offers."""
    return [code for code, _name in LANGUAGES]


class Site(models.Model):
    """A storefront. Customers, balances and keys belong to exactly one."""

    class SignUp(models.TextChoices):
        """Who may become a customer by themselves."""

        OPEN = "open", _("Anyone")
        INVITE = "invite", _("Whoever a customer invites")
        CLOSED = "closed", _("Nobody")

    class NoCreditStatus(models.IntegerChoices):
        """The HTTP status of a call that the balance cannot cover; sites differ."""

        PAYMENT_REQUIRED = 402
        FORBIDDEN = 403
        TOO_MANY_REQUESTS = 429

    id = models.CharField(primary_key=True, max_length=40, validators=[SLUG])
    name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3, default="USD", db_comment="ISO 4217")
    language = models.CharField(max_length=10, choices=LANGUAGES, default="en")
    time_zone = models.CharField(max_length=64, default="UTC", db_comment="IANA name")
    preset = models.CharField(
        max_length=40, default="openai", db_comment="error contract: a file in deploy/sites/"
    )
    no_credit_status = models.PositiveSmallIntegerField(
        choices=NoCreditStatus.choices,
        null=True,
        blank=True,
        db_comment="of a call that balance or budget cannot cover; null: as the preset says",
    )
    error_overrides = models.JSONField(
        default=dict,
        blank=True,
        db_comment="what differs from the preset, by cause: status, type, code, message",
    )
    cors_origins = models.JSONField(
        null=True,
        blank=True,
        db_comment="list of origins that browsers may call from; null: as the preset says",
    )
    support_contact = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(
        default=True, db_comment="false: suspended; pages say so, calls get 403"
    )
    languages = ArrayField(
        models.CharField(max_length=10, choices=LANGUAGES),
        default=all_languages,
        db_comment="that readers may choose from; `language` is one of them",
    )
    sign_up = models.CharField(max_length=6, choices=SignUp.choices, default=SignUp.OPEN)
    accent = models.CharField(max_length=7, blank=True, db_comment="#rrggbb; blank: ours")
    accent_dark = models.CharField(
        max_length=7, blank=True, db_comment="the same in the dark theme; blank with `accent`"
    )
    logo_hash = models.CharField(max_length=32, blank=True, db_comment="of a SiteImage")
    icon_hash = models.CharField(max_length=32, blank=True, db_comment="made from the logo")
    footer = models.JSONField(default=dict, blank=True, db_comment="a line by language")
    sender_name = models.CharField(max_length=100, blank=True, db_comment="of mails; blank: name")
    sender_address = models.EmailField(
        max_length=254, blank=True, db_comment="of mails; blank: the deployment's"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(no_credit_status__in=[402, 403, 429]),
                name="site_no_credit_status_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SiteDomain(models.Model):
    """An exact host name (no port) that answers as its site."""

    domain = models.CharField(primary_key=True, max_length=253)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="domains")
    position = models.PositiveSmallIntegerField(default=0, db_comment="0 is used in links")

    class Meta:
        ordering = ["position", "domain"]

    def __str__(self) -> str:
        return self.domain


class SiteImage(models.Model):
    """A picture of a site as we encoded it; its hash is its address, so that it is never edited."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="images")
    hash = models.CharField(max_length=32)
    content = models.BinaryField(db_comment="PNG, encoded by accounts.images")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "hash"], name="site_image_once")]


class SiteText(models.Model):
    """A legal text of a site in one language, in plain paragraphs."""

    class Kind(models.TextChoices):
        TERMS = "terms", _("Terms of service")
        PRIVACY = "privacy", _("Privacy policy")

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="texts")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    language = models.CharField(max_length=10, choices=LANGUAGES)
    body = models.TextField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "kind", "language"], name="site_text_once")
        ]
