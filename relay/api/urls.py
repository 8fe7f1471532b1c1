"""Addresses of the resources of the relay's control plane."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
