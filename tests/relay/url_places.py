"""Finds every place of the product that takes an address of somewhere: columns, forms, the
management API, catalog files; and every module that opens connections."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from django import forms
from django.apps import apps
from django.db import models
from rest_framework import serializers

from accounts.api.fields import Fields
from relay.catalog import document

CHECKOUT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "billing", "relay")
# What a field that takes an address is called; those that Django calls so count in any case.
WORDS = frozenset({"url", "urls", "uri", "uris", "webhook", "webhooks", "callback", "href", "link"})
# What opens connections, by import or by call; but for the clients of our own Postgres, Redis and
# payment provider, whose addresses are settings of the process.
NETWORK = frozenset(
    {"httpx", "requests", "urllib.request", "http.client", "aiohttp", "websockets", "smtplib",
     "dns", "ftplib", "telnetlib", "imaplib", "poplib", "urllib3", "socket"}
)  # fmt: skip
CALLS = frozenset({"create_connection", "open_connection", "create_datagram_endpoint"})


def places() -> set[str]:
    """The columns, fields and members that take an address."""
    for name in APPS:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if ".migrations." not in module.name and ".management." not in module.name:
                importlib.import_module(module.name)
    return {*_columns(), *_of_forms(), *_of_the_api(), *_of_catalogs()}


def doors() -> set[str]:
    """The modules that could open a connection."""
    return {
        path.relative_to(CHECKOUT).as_posix()
        for folder in (*APPS, "platform/config")
        for path in (CHECKOUT / folder).rglob("*.py")
        if _opens(ast.parse(path.read_text(encoding="utf-8")))
    }


def _columns() -> Iterator[str]:
    tables = [model for model in apps.get_models() if model._meta.app_label in APPS]
    for model, field in ((each, field) for each in tables for field in each._meta.get_fields()):
        if isinstance(field, models.URLField) or _says_so(field.name):
            yield f"column {model.__name__}.{field.name}"


def _of_forms() -> Iterator[str]:
    for form in _ours(forms.BaseForm):
        declared: dict[str, forms.Field] = getattr(form, "base_fields", {})
        for name, field in declared.items():
            is_url = field.widget.attrs.get("inputmode") == "url"
            if is_url or isinstance(field, forms.URLField) or _says_so(name):
                yield f"form {form.__name__}.{name}"


def _of_the_api() -> Iterator[str]:
    for kind in _ours(Fields):
        declared: dict[str, Any] = kind._declared_fields
        for name, field in declared.items():
            if isinstance(field, serializers.URLField) or _says_so(name):
                yield f"api {kind.__name__}.{name}"


def _of_catalogs() -> Iterator[str]:
    for spec in vars(document).values():
        if isinstance(spec, type) and is_dataclass(spec):
            yield from (
                f"catalog {spec.__name__}.{each.name}"
                for each in fields(spec)
                if _says_so(each.name)
            )


def _ours(base: type) -> Iterator[type[Any]]:
    """The product's classes of this kind."""
    for each in base.__subclasses__():
        if each.__module__.startswith(APPS):
            yield each
        yield from _ours(each)


def _says_so(name: str) -> bool:
    return not WORDS.isdisjoint(name.lower().split("_"))


def _opens(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            named = [module, *(f"{module}.{each.name}" for each in node.names)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in CALLS:
                return True
            continue
        else:
            continue
        if any(name == each or name.startswith(f"{each}.") for name in named for each in NETWORK):
            return True
    return False
