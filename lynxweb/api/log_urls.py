"""The addresses of the log, its proofs and receipts, and of packs."""

from __future__ import annotations

from django.urls import URLPattern, path

from lynxweb.api import log, pack_files, packs

LOG: list[URLPattern] = [
    path("log/checkpoints/newest", log.NewestCheckpoint.as_view(), name="api-checkpoint"),
    path("log/events", log.Events.as_view(), name="api-events"),
    path("log/events/<int:seq>", log.OneEvent.as_view(), name="api-event"),
    path("log/events/<int:seq>/leaf", log.EventLeaf.as_view(), name="api-event-leaf"),
    path("log/events/<int:seq>/proof", log.EventProof.as_view(), name="api-event-proof"),
    path("log/proofs/inclusion", log.InclusionProofs.as_view(), name="api-inclusion"),
    path("log/proofs/consistency", log.ConsistencyProofs.as_view(), name="api-consistency"),
    path("receipts/<path:request_id>", log.Receipts.as_view(), name="api-receipt"),
    path("packs", packs.Packs.as_view(), name="api-packs"),
    path("packs/<str:pack_id>", packs.OnePack.as_view(), name="api-pack"),
    path("packs/<str:pack_id>/file", pack_files.PackFile.as_view(), name="api-pack-file"),
]
