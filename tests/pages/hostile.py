"""Sixty texts that want to be more than text, in every place where the site lets somebody write, put there by the real acts."""

from __future__ import annotations

from itertools import count
from typing import Any, Final

from lynxweb.accounts.granting import propose_role
from lynxweb.accounts.nodes import PURPOSE, challenge_for, enrol_node
from lynxweb.accounts.people import create_person
from lynxweb.accounts.roles import Role
from lynxweb.audit import signing
from lynxweb.audit.actions import ReasonCode
from lynxweb.audit.actors import SYSTEM, Reason
from lynxweb.registry.abandoning import abandon_declaration
from lynxweb.registry.comparing import compare_runs
from lynxweb.registry.declaration import declare
from lynxweb.registry.models import Run
from lynxweb.registry.publication import publish_methodology
from lynxweb.registry.sharing import share
from lynxweb.review.decisions import append_addendum, sign_stored_decision
from lynxweb.review.disputes import close_dispute, open_dispute
from lynxweb.review.drawing import draw_review
from lynxweb.review.exporting import Wanted, export_pack
from lynxweb.review.notices import lift_notice, post_notice
from lynxweb.review.publishing import disclose, publish, request_review
from lynxweb.review.reviewing import close_review, open_review, report_review, respond
from lynxweb.review.rulings import issue_ruling, runs_terms
from lynxweb.review.withdrawal import propose_withdrawal, withdraw
from runner.contract.checklist import INTAKE
from runner.contract.keys import SigningKey, prove_possession
from tests import builders
from tests.registry.world import BECAUSE
from tests.review.committee import FINGERPRINT, Committee, drafted, measured, required, signed
from tests.review.people import Cast, cast_of, somebody, submitted

WORD: Final = "zq7"  # in every payload; found anywhere but in text, it has broken out
PAYLOADS: Final = (
    "<script>zq7()</script>", "</script><script>zq7()</script>", "<ScRiPt>zq7()</sCrIpT>", "<script src=//zq7></script>",
    "<script/zq7>zq7()</script>",
    "<img src=x onerror=zq7()>", "<img/src=x/onerror=zq7()>", "<svg onload=zq7()>", "<svg><script>zq7()</script></svg>", "<body onload=zq7()>",
    "<iframe src=javascript:zq7()>", "<iframe srcdoc='<b>zq7'>", "<object data=//zq7>", "<embed src=//zq7>", "<base href=//zq7/>",
    "<meta http-equiv=refresh content=0;//zq7>", "<link rel=stylesheet href=//zq7>", "<style>@import'//zq7'</style>", "<form action=//zq7><input>",
    "<input autofocus onfocus=zq7()>", "<details open ontoggle=zq7()>", "<marquee onstart=zq7()>", "<video><source onerror=zq7()>",
    "<math><mi xlink:href=javascript:zq7()>", "<a href=javascript:zq7()>x</a>", "<a href='java\\tscript:zq7()'>x</a>", "<b zq7>", "<zq7-x>",
    '" onmouseover="zq7()', "' onmouseover='zq7()", '"><b zq7>', "'><b zq7>", '" autofocus onfocus=zq7() x="', "` onload=zq7() `", "x onclick=zq7()",
    "</textarea><b zq7>", "</title><b zq7>", "</style><b zq7>", "</pre><b zq7>", "</option></select><b zq7>", "--><b zq7>", "<!--zq7-->",
    "<![CDATA[zq7]]>",
    "<?zq7?>", "{{ zq7 }}", "{{zq7|safe}}", "{% zq7 %}", "{% include 'zq7' %}", "{# zq7 #}", "${zq7()}", "#{zq7}", "<%= zq7 %>", "%{zq7}",
    "javascript:zq7()", "JaVaScRiPt:zq7()", "data:text/html,<b>zq7", "&lt;b zq7&gt;", "&#60;b zq7&#62;", "%3Cb zq7%3E", "\\u003cb zq7\\u003e",
)  # fmt: skip
EVERY: Final = " ".join(PAYLOADS)
UNPRINTED: Final = ("\u202e zq7", "\u200f zq7", "\u2066 zq7", "\u0007 zq7", "\u001b[31m zq7")
ALWAYS: Final = ("requirement_superseded", "run_withdrawn")
_PASSWORD: Final = "correct horse battery staple"


class Slots:
    """What was written where: the text by the name of its place."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        self._next, self._asked = count(), count()

    def long(self, name: str) -> str:
        """All payloads."""
        return self.written.setdefault(name, f"{name}: {EVERY}")

    def short(self, name: str, most: int) -> str:
        """As many payloads as there is room for, others each time."""
        text = name
        for _ in PAYLOADS:
            one = PAYLOADS[next(self._next) % len(PAYLOADS)]
            text = f"{text} {one}" if len(text) + 1 + len(one) <= most else text
        return self.written.setdefault(name, text)

    def why(self, name: str, code: ReasonCode = ReasonCode.ROUTINE) -> dict[str, Any]:
        """Reason and request id of an act."""
        return {"reason": Reason(code, self.long(name)), "request_id": f"hostile:{next(self._asked)}"}


def written_everywhere(by: Committee) -> tuple[dict[str, str], Slots]:
    """The belongings of a laboratory by their kind, as in the sweep of foreign objects, and what was written on the way."""
    slots, cast = Slots(), cast_of(by.site)
    publish_methodology(SYSTEM, builders.methodology().canonical(), reason=BECAUSE)
    made = {**_decided(by, slots), **_around_runs(by, cast, slots), **_people(by, slots)}
    signing.sign()
    return made, slots


def _decided(by: Committee, slots: Slots) -> dict[str, str]:
    measured(by)
    texts = {"title": slots.short("asked title", 300), "question": slots.short("asked question", 2000), "horizon": slots.short("asked horizon", 300)}
    requirement = required(by, **texts, constraints=slots.long("asked constraints"))
    decision = drafted(
        by, requirement, question=slots.short("decided question", 2000), rationale=slots.long("decided rationale"),
        candidates={FINGERPRINT: slots.short("decided candidate", 300)}, dissent=((by.second.id, slots.long("decided dissent")),),
        triggers=tuple((kind, None, slots.short(f"decided trigger {kind}", 300)) for kind in ALWAYS),
    )  # fmt: skip
    signed(by, decision)
    sign_stored_decision(by.second, decision.sha256, **slots.why("signed because"))
    append_addendum(by.second, decision.sha256, slots.long("decided addendum"), **slots.why("appended because"))
    return {"requirement": requirement, "decision": decision.sha256}


def _around_runs(by: Committee, cast: Cast, slots: Slots) -> dict[str, str]:
    actor = by.site.actor
    run, other, judged, withdrawn = (submitted(cast, seed) for seed in range(1, 5))
    disclose(actor, other, "review", **slots.why("disclosed because"))
    review = _judged(cast, judged, slots)
    lifted = post_notice(cast.publisher, run, text=slots.long("lifted notice"), **slots.why("lifted notice because")).notice
    lift_notice(cast.publisher, lifted, **slots.why("lifted because"))
    proposed = propose_withdrawal(actor, run, **slots.why("proposed because", ReasonCode.MEASUREMENT_ERROR))
    withdraw(actor, withdrawn, replacement=run, **slots.why("withdrawn because", ReasonCode.MEASUREMENT_ERROR))
    terms = runs_terms(rule=slots.short("ruled clause", 200), outcome="noted", runs=[judged], text=slots.long("ruled text"))
    issue_ruling(somebody("auditor", cast.other, Role.AUDITOR), terms, **slots.why("ruled because"))
    abandoned = declare(by.site.node_actor, Run.objects.get(digest=run).methodology_id, request_id="abandoned").nonce
    abandon_declaration(by.site.actor, abandoned, **slots.why("abandoned because"))
    return {
        "run": run, "other": other, "judged": judged, "withdrawn": withdrawn, "review": review, "proposal": proposed.id,
        "notice": post_notice(cast.publisher, run, text=slots.long("posted notice"), **slots.why("posted because")).notice,
        "draw": draw_review(actor, [run, other], seed_source=slots.short("drawn from", 200), **slots.why("drawn because")).draw,
        "executor": Run.objects.get(digest=run).executor_id, "comparison": compare_runs(actor, run, other, "iso-precision").digest,
        "link": share(actor, run, **slots.why("shared because")).id,
        "pack": export_pack(actor, Wanted(runs=(run, judged)), **slots.why("exported because")).id,
    }  # fmt: skip


def _judged(cast: Cast, run: str, slots: Slots) -> str:
    request_review(cast.engineer, run, **slots.why("review wanted because"))
    review = open_review(cast.reviewer, run, conflicts="none", **slots.why("review opened because")).review
    notes = [{"id": item.id, "answer": "yes", "note": slots.long(f"note {item.id}") if at == 0 else ""} for at, item in enumerate(INTAKE.items)]
    told: dict[str, Any] = {"answers": notes, "outcome": "accepted", "summary": slots.long("review summary"), "conflicts": "none"}
    report_review(cast.reviewer, review, **told, **slots.why("reported because"))
    respond(cast.engineer, review, text=slots.long("review response"), **slots.why("responded because"))
    close_review(cast.reviewer, review, **slots.why("review closed because"))
    publish(cast.publisher, run, visibility="public", **slots.why("published because"))
    terms: dict[str, Any] = {"clause": slots.short("disputed clause", 200), "effect_permille": 80}
    dispute = open_dispute(cast.second, run, **terms, text=slots.long("disputed text"), **slots.why("disputed because")).dispute
    third = somebody("third", "org_third", Role.REVIEWER)
    close_dispute(third, dispute, outcome="rejected", text=slots.long("dispute decided"), **slots.why("dispute closed because"))
    return review


def _people(by: Committee, slots: Slots) -> dict[str, str]:
    actor = by.site.actor
    person = create_person(
        actor, name=slots.short("person", 80), email="x@example.org", password=_PASSWORD, **slots.why("person made because")
    ).person
    propose_role(actor, person.actor_id, Role.REVIEWER, **slots.why("role proposed because"))
    name, key = slots.short("node", 80), SigningKey(b"q" * 32)
    proof = prove_possession(key, purpose=PURPOSE, challenge=challenge_for(actor), subject=name)
    node = enrol_node(actor, name=name, public_key=key.public, proof=proof, **slots.why("node enrolled because")).node
    return {"person": person.actor_id, "node": node.id, "key": key.key_id}
