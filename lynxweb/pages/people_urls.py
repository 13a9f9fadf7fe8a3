"""The addresses of people, nodes, tokens and proposals, and of links that show one run."""

from __future__ import annotations

from django.urls import URLPattern, path

from lynxweb.pages import node_views, people_views, proposal_views, share_views, token_views


def people() -> list[URLPattern]:
    """The addresses, made once the converters are known."""
    return [
        path("people", people_views.everybody, name="people"),
        path("people/rule/<slug:act>", people_views.rule_act, name="rule-act"),
        path("people/<slug:person>", people_views.person, name="person"),
        path("people/<slug:person>/acts/<slug:act>", people_views.person_act, name="person-act"),
        path("nodes", node_views.every_node, name="nodes"),
        path("nodes/<slug:node>/retire", node_views.retire, name="node-retire"),
        path("keys/<digest:key>/<slug:act>", node_views.key_act, name="key-act"),
        path("tokens", token_views.every_token, name="tokens"),
        path("tokens/<slug:token>/revoke", token_views.revoke, name="token-revoke"),
        path("proposals", proposal_views.every_proposal, name="proposals"),
        path("proposals/<slug:proposal>/do", proposal_views.carry, name="proposal-do"),
        path("runs/<digest:digest>/links", share_views.links, name="run-links"),
        path("runs/<digest:digest>/links/<slug:link>/end", share_views.end, name="run-link-end"),
        path("shared/<slug:token>", share_views.shared, name="shared"),
    ]
