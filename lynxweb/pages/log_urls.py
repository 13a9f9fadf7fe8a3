"""The addresses of the log and of evidence packs."""

from __future__ import annotations

from django.urls import URLPattern, path

from lynxweb.pages import log_views, pack_views

LOG: list[URLPattern] = [
    path("log", log_views.log, name="log"),
    path("log/checkpoint", log_views.checkpoint, name="log-checkpoint"),
    path("log/<int:position>", log_views.event, name="log-event"),
    path("history/<str:object_type>/<path:object_id>", log_views.history, name="history"),
    path("packs", pack_views.packs, name="packs"),
    path("packs/new", pack_views.new_pack, name="new-pack"),
    path("packs/<str:pack_id>", pack_views.pack, name="pack"),
    path("packs/<str:pack_id>/pack.zip", pack_views.pack_file, name="pack-file"),
]
