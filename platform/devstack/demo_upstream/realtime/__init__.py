"""OpenAI's Realtime over a WebSocket: sessions, items, audio in and out. No turn detection.

The names are those of the released API; with the header `OpenAI-Beta: realtime=v1`, or once a
session was updated with `modalities`, those of the beta.
"""
