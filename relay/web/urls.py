"""Addresses of the relay pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
