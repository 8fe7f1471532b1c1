"""The OpenAPI document of the management API, made from the operations themselves."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

PREFIX = "/api/v1/"


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.authentication.CallerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token, tgp_… or tgs_…"}


def tidy(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Says of every body that other fields than its own are refused."""
    schemas = result["components"]["schemas"]
    for name, schema in schemas.items():
        if name.endswith("Request") and schema.get("type") == "object":
            schema["additionalProperties"] = False
    return result


def document() -> dict[str, Any]:
    """The whole document."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    found: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


class SchemaView(View):
    """For anybody: it tells nothing of a deployment."""

    def get(self, request: HttpRequest) -> HttpResponse:
        response = JsonResponse(document(), json_dumps_params={"ensure_ascii": False})
        response.headers["Cache-Control"] = "public, max-age=300"
        return response
