"""Addresses of the accounts pages."""

from django.urls import URLPattern, path

from accounts.web import preferences, views

urlpatterns: list[URLPattern] = [
    path("app/settings", views.settings, name="settings"),
    path("app/new-organization", views.new_organization, name="new_organization"),
    path("app/switch-organization", views.switch_organization, name="switch_organization"),
    path("preferences/theme", preferences.set_theme, name="set_theme"),
    path("preferences/language", preferences.set_language, name="set_language"),
]
