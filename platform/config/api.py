"""Settings of the management API's libraries: the OpenAPI document says what the code does."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "COERCE_DECIMAL_TO_STRING": True,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Tollgate management API",
    "VERSION": "1",
    "DESCRIPTION": (
        "Everything that the dashboard and the staff pages do, for programs. Money is a string of "
        "integer nanos (1e-9 of the site's currency), times are ISO 8601. Errors are RFC 9457 "
        "problem documents whose `code` never changes. Lists are pages: follow `next_cursor`."
    ),
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1/",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # the words are their own description
    "SORT_OPERATION_PARAMETERS": False,
    "POSTPROCESSING_HOOKS": ["accounts.api.schema.tidy"],
}
