"""Every page's address. Inference endpoints are not here: `config.asgi` sends them to the relay."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("config.api_urls")),
    path("accounts/", include("accounts.web.auth_urls")),
    path("accounts/", include("accounts.web.login_urls")),
    path("", include("accounts.web.urls")),
    path("", include("accounts.web.staff_urls")),
    path("", include("billing.web.urls")),
    path("", include("relay.web.urls")),
]

if settings.DJANGO_ADMIN:
    from config import break_glass

    urlpatterns = [*break_glass.urls(), *urlpatterns]

# Also what allauth answers with when somebody tries too often.
handler429 = "accounts.web.throttles.too_many"
