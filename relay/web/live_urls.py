"""WebSocket addresses of the live pages."""

from django.urls import URLPattern, path

from relay.consumers import LiveConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/live/", LiveConsumer.as_asgi()),
]
