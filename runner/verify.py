"""Check an evidence pack offline:  python3 verify.py PACK.zip --trust FILE [--remember DIR] [--json]

Needs Python 3.9 alone, opens no network, unpacks nothing, writes only below --remember. Makes twelve checks: PASS, FAIL or NOT PRESENT. Ends with 0
(none failed), 1 or 2 (bad command). A false pack may bring a false verifier: get this file's SHA-256, and the trust policy, over another channel.
"""

# ruff: noqa: E401, E701, E702, E704, I001, SIM905
# fmt: off
from __future__ import annotations
import argparse, base64, hashlib, json, re, struct, sys, zlib
from pathlib import Path
from typing import Any
VERBS = """log open close|checkpoint:log note|actor create bind erase|role grant revoke|token issue revoke|node enrol retire|bundle reject
|key register rotate revoke|executor publish supersede retire|methodology publish supersede retire|document publish supersede retire
|reference grant revoke|run:declaration declare abandon|run submit check disclose publish supersede withdraw|review:run open close
|review report respond|review:draw draw|notice:run post lift|ruling issue|act:proposal propose|requirement publish supersede|decision sign append
|payload redact|pack export"""
ACTIONS = {f"{on[0]}.{verb}": on[-1] for first, *verbs in map(str.split, VERBS.split("|")) for on in [first.split(":")] for verb in verbs}
BEGINNINGS = {ACTIONS[one]: one for one in "log.open node.enrol key.register methodology.publish run.declare run.submit act.propose".split()}
NAMED_BY_PAYLOAD = "methodology.publish requirement.publish requirement.supersede decision.sign".split()
FIRST_CONTACT = "W0, first contact: a rewritten history would look the same"
NOT_PROVED = (
    "that a measurement is true: what is proved is who said what, in which order, and that nobody changed it since",
    "that every reader was shown the same history: no independent witness signed it (level W0)",
    "when something happened: times are the site's own, only the order of positions is proved",
    "that every measurement was declared, that two actor ids are two people, or what README.html says: evidence is in the other files",
    "that stated numbers follow from the raw samples: `lynxweb verify --recompute` computes them again")
# -- Bytes: a ZIP, JSON and base64, each in its one spelling; what is wrong with them is a ValueError -----------------------------------------
NAMES = re.compile(
    r"README\.html|VERIFY\.txt|verify\.py|trust-policy\.example|checkpoint|(manifest|heads|omitted|(events|openings)/\d{12}|documents/[0-9a-f]{64})\.json"
    r"|proofs/\d{12}\.tlog-proof|consistency/[1-9]\d{0,15}-[1-9]\d{0,15}|bundles/[0-9a-f]{64}\.dsse\.json|payload/[0-9a-f]{64}", re.ASCII)
def demand(holds: object, what: str) -> None:
    if not holds: raise ValueError(what)
def sha256(content: bytes) -> str: return hashlib.sha256(content).hexdigest()
def unzip(archive: bytes) -> dict[str, bytes]:
    """The files of a ZIP that is stored, sorted and gapless, with every header field as expected: no byte of it is left unchecked."""
    end = len(archive) - 22
    demand(0 <= end <= 1 << 30, "is too short or too long for a pack")
    count, start = struct.unpack_from("<H4xI", archive, end + 10)
    files, entry, place, last = {}, start, 0, ""
    for _ in range(count):
        demand(entry + 46 <= end, "has a directory that is cut short")
        crc, size, letters = struct.unpack_from("<I4xIH", archive, entry + 16)
        name = (raw := archive[entry + 46 : entry + 46 + letters]).decode("ascii", "replace")
        demand(NAMES.fullmatch(name) and name > last, f"holds {ascii(name[:120])}: a name that no pack holds, or one out of order or twice")
        common = struct.pack("<5H3I2H", 20, 0, 0, 0, 33, crc, size, size, letters, 0)  # version, no flags, stored, 1980-01-01, no extra field
        line = b"PK\1\2\x14\3" + common + struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, place) + raw  # made on Unix, no comment, a regular file
        head = b"PK\3\4" + common + raw
        alike = archive[entry : entry + len(line)] == line and archive[place : place + len(head)] == head
        place, entry, last = place + len(head) + size, entry + len(line), name
        files[name] = archive[place - size : place]
        demand(alike and place <= start and zlib.crc32(files[name]) == crc, f"holds {name} altered, cut short, compressed or out of its place")
    ending = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, len(files), len(files), end - start, start, 0)
    demand((place, entry, archive[end:]) == (start, end, ending), "holds bytes that belong to no file")
    return files
def canonical(value: object) -> bytes: return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
def read_json(content: bytes) -> Any:
    """The value in canonical JSON; what no document may hold is read as null, and then differs from its one spelling."""
    demand(len(content) <= 8 << 20 and b"\\u0000" not in content.replace(b"\\\\", b""), "is too long for a document, or holds NUL")
    value = json.loads(
        content.decode(), parse_float=lambda text: None, parse_constant=lambda text: None,
        parse_int=lambda text: int(text) if abs(int(text[:18])) < 2**53 else None,
        object_pairs_hook=lambda pairs: dict(pairs) if all(key.isascii() and key.isprintable() for key, _ in pairs) else None)
    demand(canonical(value) == content, "is not canonical JSON: sorted, without spaces, floats, doubled keys and integers past 2^53")
    return value
def unbase64(text: str, size: int | None = None) -> bytes:
    """The bytes behind base64 in its one spelling; `size` is how many they must be."""
    demand(base64.b64encode(content := base64.b64decode(text)).decode() == text and size in (None, len(content)), "holds bad base64, or not enough")
    return content
# -- Signatures: Ed25519 (RFC 8032, without cofactor), points in extended coordinates (X, Y, Z, XY/Z) -----------------------------------------
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, EIGHTH = -121665 * pow(121666, P - 2, P) % P, 2707385501144840649318225287225658788936804267575313519463743609750303402022
SMALL_ORDER_Y = (0, 1, P - 1, EIGHTH, P - EIGHTH)  # the y of every point of order 1, 2, 4 and 8
def read_point(encoded: bytes) -> Any:
    """The point that 32 bytes spell; a ValueError where there is none, for points of small order and for other spellings than the usual one."""
    y = int.from_bytes(encoded, "little") & ~(1 << 255)
    x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = root if (root := pow(x_squared, (P + 3) // 8, P)) ** 2 % P == x_squared else root * pow(2, (P - 1) // 4, P) % P
    demand(len(encoded) == 32 and y < P and y not in SMALL_ORDER_Y and x * x % P == x_squared, "rests on a point that no key or signature may hold")
    x = x if x & 1 == encoded[31] >> 7 else P - x
    return (x, y, 1, x * y % P)
def add(p: Any, q: Any) -> Any:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    return ((b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P)
def signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether S B - k A = R, byte for byte, with S below the order; a ValueError where A or R is no good point in its one spelling."""
    key, _, base, s = read_point(public), read_point(signature[:32]), read_point(b"\x58" + b"\x66" * 31), int.from_bytes(signature[32:], "little")
    k, minus = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER, (P - key[0], key[1], 1, P - key[3])
    terms, total = (base, minus, add(base, minus)), (0, 1, 1, 0)
    for bit in range(252, -1, -1):
        total, which = add(total, total), (s >> bit & 1) + 2 * (k >> bit & 1)
        total = add(total, terms[which - 1]) if which else total
    x, y = (one * pow(total[2], P - 2, P) % P for one in total[:2])
    return len(signature) == 64 and s < ORDER and (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]
# -- Notes and proofs: C2SP signed-note, tlog-checkpoint, tlog-policy; RFC 9162, section 2.1 --------------------------------------------------
def read_checkpoint(note: bytes) -> tuple[tuple[str, int, bytes], dict[tuple[str, bytes], bytes]]:
    """(origin, size, root), and the signatures by (name, key id), in a signed note of three lines, a blank one and 1 to 16 signature lines."""
    lines = note.decode().split("\n")
    demand(6 <= len(lines) <= 21 and lines[3] == lines[-1] == "" and "".join(lines).isprintable(), "is no signed note of origin, size and root")
    demand(re.fullmatch(r"[^\s+]+", lines[0]) and re.fullmatch("[1-9][0-9]{0,15}", lines[1]), "states no origin or no size")
    found = [re.fullmatch(r"\u2014 ([^\s+]+) (\S+)", line) for line in lines[4:-1]]
    signatures = {(one[1], (content := unbase64(one[2], 68))[:4]): content[4:] for one in found if one}
    demand(len(signatures) == len(found), "holds a signature line of another form, or two by one key")
    return (lines[0], int(lines[1]), unbase64(lines[2], 32)), signatures
def read_policy(content: bytes) -> dict[tuple[str, bytes], bytes]:
    """The typed log keys of a trust policy, by (name, key id)."""
    lines = [line.split() for line in content.decode().split("\n") if line.strip() and line.strip()[0] != "#"]
    demand({line[0] for line in lines} <= {"log", "witness", "group", "quorum"}, "holds a line that is no log, witness, group or quorum")
    keys = {(name, bytes.fromhex(short)): unbase64(typed, 33) for name, short, typed in (line[1].split("+", 2) for line in lines if line[0] == "log")}
    fit = all(typed[0] == 1 and sha256(f"{name}\n".encode() + typed)[:8] == short.hex() for (name, short), typed in keys.items())
    demand(keys and fit, "holds no log key, or a bad one")
    demand([line[1:] for line in lines if line[0] == "quorum"] == [["none"]], "asks for another quorum than none: take a newer verifier")
    return keys
def parent(left: bytes, right: bytes) -> bytes: return hashlib.sha256(b"\1" + left + right).digest()
def root_over(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root of a tree of `size` leaves, from one leaf hash and its inclusion path, whose last hash is the other half of the whole tree."""
    demand(index < size and (size > 1) == bool(path), "is a path of the wrong length")
    if size == 1: return leaf
    half, other, rest = 1 << (size - 1).bit_length() - 1, path[-1], path[:-1]
    return parent(root_over(leaf, index, half, rest), other) if index < half else parent(other, root_over(leaf, index - half, size - half, rest))
def roots_over(old: int, size: int, path: list[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """The roots of the first `old` and of all `size` leaves from a consistency path; `known` is the old root while it may be a whole subtree."""
    if old == size:
        demand(len(path) == (known is None), "is a path of the wrong length")
        return (path[0], path[0]) if known is None else (known, known)
    half, other, rest = 1 << (size - 1).bit_length() - 1, path[-1], path[:-1]
    before, now = roots_over(old, half, rest, known) if old <= half else roots_over(old - half, size - half, rest, None)
    return (before, parent(now, other)) if old <= half else (parent(other, before), parent(other, now))
# -- The twelve checks: the docstring of each is what it promises; what it returns, if anything, says why there is nothing to check ------------
PLAIN, DIGEST, COUNT = r'"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}"', '"[0-9a-f]{64}"', r"(?:0|[1-9]\d{0,15})"
CODES = "routine|submitter_request|measurement_error|wrong_configuration|rule_breach|duplicate|newer_run|review_outcome|privacy|legal_order|other"
LEAF = {  # how canonical JSON spells each field of an event of version 1
    "v": "1", "seq": COUNT, "time": r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"', "action": PLAIN, "request_id": PLAIN,
    "actor": rf'{{"auth":"[^"\\]*","id":{PLAIN},"kind":"(user|node|system)","role":(null|"[a-z_]+")}}', "basis": "null|{.*}", "reason": 'null|".*"',
    "object": rf'{{"id":{PLAIN},"rev":{COUNT},"type":{PLAIN}}}', "reason_code": f'"({CODES}|key_lost|key_compromise)"',
    "commit": r'null|{("[!-~]+":"[A-Za-z0-9+/]{43}=",?)+}', "on_behalf_of": f"null|{PLAIN}", **dict.fromkeys(("prev", "proposal"), f"null|{COUNT}"),
    **dict.fromkeys(("before", "after", "payload", "anchor"), f"null|{DIGEST}")}
PROOF = re.compile(rb"c2sp\.org/tlog-proof@v1\nindex (0|[1-9]\d{0,15})\n((?:[^\n]+\n)*)\n(.+)", re.DOTALL)
def people(*events: dict[str, Any]) -> set[str]: return {who for one in events for who in (one["actor"]["id"], one["on_behalf_of"]) if who}
class Pack:
    """What the reader gave, and what the checks have read so far; `at` is what is being looked at, and so what a failure names."""
    def __init__(self, archive: bytes, policy: bytes | None, remembered: list[bytes]):
        self.archive, self.policy, self.remembered, self.at = archive, policy, remembered, ""
    def file(self, name: str) -> bytes:
        self.at = name
        demand(name in self.files, "is missing")
        return self.files[name]
    def document(self, digest: str) -> Any: return read_json(self.file(f"documents/{digest}.json"))  # whose digest check 11 compares
    def said(self, event: dict[str, Any]) -> Any:
        """The document that an event attached; empty where it attached none, or where that was redacted."""
        digest = event["payload"]
        return {} if digest is None or (digest in self.redacted and f"documents/{digest}.json" not in self.files) else self.document(digest)
    def all(self, action: str) -> list[dict[str, Any]]: return [event for event in self.events.values() if event["action"] == action]
    def first(self, kind: str, name: str, before: int) -> dict[str, Any]:
        """The first event on an object, which must be older than the position `before`."""
        [chain] = self.chains.get((kind, name), [])[:1] or [{"seq": before}]
        demand(chain["seq"] < before, f"rests on {kind} {name}, of which this pack shows nothing before position {before}")
        return chain
    def check_1_archive(self) -> None: "The archive holds plain files, and not a byte beside them."; self.files = unzip(self.archive)
    def check_2_manifest(self) -> None:
        """The manifest lists exactly these files."""
        stated, names = read_json(self.file("manifest.json")), self.files.keys() - {"manifest.json", "checkpoint"}
        listed = {name: {"sha256": sha256(self.files[name]), "size": len(self.files[name])} for name in names}
        for name in sorted({*listed, *stated["files"]}):
            demand(stated["files"].get(name) == listed.get(name), f"lists {name}, which is missing or another file, or does not list it")
        demand(stated == {"v": 1, "files": listed}, "says more than which files there are")
    def check_3_checkpoint(self) -> None:
        """The checkpoint is signed by the log that the trust policy names."""
        opened = self.document((first := read_json(self.file("events/000000000000.json")))["payload"])
        origin, own, self.at = opened["origin"], b"\1" + bytes.fromhex(opened["log_key"]), "trust policy"
        keys = read_policy(self.policy) if self.policy is not None else {(origin, bytes.fromhex(sha256(f"{origin}\n".encode() + own)[:8])): own}
        self.tree, signatures = read_checkpoint(self.file("checkpoint"))
        demand((self.tree[0], first["action"], first["object"]["id"]) == (origin, "log.open", origin), f"is of another log than {origin}")
        text = self.files["checkpoint"].partition(b"\n\n")[0] + b"\n"
        for (name, short), signature in signatures.items():
            demand(name == origin and (name, short) in keys, f"is signed by {name}+{short.hex()}, which is no trusted key of {origin}")
            demand(signed(keys[name, short][1:], signature, text), f"has a signature by {name}+{short.hex()} that does not hold")
        demand(self.policy is not None, "fits only the key in the pack itself: get the trust policy over another channel, and give it with --trust")
    def check_4_witness(self) -> str: "Independent witnesses signed the checkpoint."; return "W0: nobody but the log itself vouches for this history"
    def check_5_dates(self) -> str: "Somebody outside dated the checkpoint."; return "the order of events is proved, their dates are not"
    def check_6_history(self) -> str:
        """The log goes on from the checkpoint that you remember."""
        (origin, size, root), self.at = self.tree, "a checkpoint below --remember"
        trees = {tree for tree, _ in map(read_checkpoint, self.remembered) if tree[0] == origin}
        held, self.at = {tree[1]: tree[2] for tree in trees}, "checkpoint"
        newest = max(held, default=0)
        demand(len(held) == len(trees) and held.get(size, root) == root, "is one of two of a size that you hold: history was rewritten")
        demand(size in held or size > newest, f"is older than the one of {newest} events that you remember, and new to you")
        for old in sorted(one for one in held if one < size and (one == newest or f"consistency/{one}-{size}" in self.files)):
            *rows, end = self.file(f"consistency/{old}-{size}").decode().split("\n")
            roots = roots_over(old, size, [unbase64(row, 32) for row in rows], held[old])
            demand(roots == (held[old], root) and end == "", "does not lead from what you remember to this pack: history was rewritten")
        return "" if held else FIRST_CONTACT
    def check_7_events(self) -> None:
        """Every event is canonical JSON of a known kind, at the position of its name and of its proof."""
        self.events, self.chains = dict[int, Any](), dict[Any, list[dict[str, Any]]]()
        for name in sorted({f"events/{one[7:19]}.json" for one in self.files if one.startswith(("events/", "proofs/"))}):
            event = read_json(self.file(name))
            odd = [one for one, form in LEAF.items() if not re.fullmatch(form, canonical(event.get(one)).decode())]
            demand(not odd and event.keys() == LEAF.keys() and event["seq"] == int(name[7:19]), f"is no event of version 1 of this position {odd}")
            kind, action = event["object"]["type"], event["action"]
            demand(action in ACTIONS, f"has the action {action}, which this verifier does not know: take a newer one")
            demand(kind == ACTIONS[action] or (kind, action) == ("organisation", "actor.create"), f"is {action} of a {kind}")
            proof: Any = PROOF.fullmatch(self.file(f"proofs/{name[7:19]}.tlog-proof"))
            demand(proof and int(proof[1]) == event["seq"] and proof[3] == self.files["checkpoint"], "is no proof of this position and checkpoint")
            event["at"], event["path"] = name, [unbase64(row, 32) for row in proof[2].decode().split("\n")[:-1]]
            self.events[event["seq"]] = event
            self.chains.setdefault((kind, event["object"]["id"]), []).append(event)
        self.redacted = {one["object"]["id"]: one["seq"] for one in self.all("payload.redact")}
        self.published = {one["object"]["id"]: one["seq"] for one in reversed(self.all("run.publish"))}
    def check_8_inclusion(self) -> None:
        """The log holds every event, at its position, under the root."""
        for seq, event in self.events.items():
            self.at, leaf = f"proofs/{seq:012d}.tlog-proof", hashlib.sha256(b"\0" + self.files[event["at"]]).digest()
            demand(root_over(leaf, seq, self.tree[1], event["path"]) == self.tree[2], "does not lead from its event to the root")
    def check_9_chains(self) -> None:
        """Nothing is left out of the history of any object shown, nor of the register of rulings."""
        rows = read_json(self.file("heads.json"))["heads"]
        heads = {(row["type"], row["id"]): (row["rev"], row["seq"]) for row in rows}
        reviews = {("review", said["review"]) for said in map(self.said, self.all("review.open")) if said and "dispute" not in said}
        *_, own = self.events.values()  # the export itself came after heads.json
        lost, self.at = {("ruling", "register"), *reviews, *self.chains} - {*heads, (own["object"]["type"], own["object"]["id"])}, "heads.json"
        demand(not lost and len(heads) == len(rows), f"does not list {sorted(lost)[:1]}, or lists something twice")
        for thing, head in heads.items():
            rev, last, begins = 0, None, BEGINNINGS.get(thing[0])
            for event in self.chains.get(thing, []):
                self.at = event["at"]
                demand((event["object"]["rev"], event["prev"]) == (rev + 1, last), f"does not follow on revision {rev} of {' '.join(thing)}")
                demand(begins is None or (event["action"] == begins) == (rev == 0), f"is event {rev + 1} of its object, which {begins} alone begins")
                rev, last = rev + 1, event["seq"]
            self.at = "heads.json" if head[1] is None else f"events/{head[1]:012d}.json"
            demand((rev, last) == head, f"is the newest of {' '.join(thing)} by heads.json, revision {head[0]}; the pack ends at revision {rev}")
    def check_10_bundles(self) -> None:
        """Every run was signed with a key that counted there, follows a published methodology, and answers a declaration or is undeclared."""
        self.runs, self.members = list[dict[str, Any]](), list[tuple[str, str]]()
        for event in self.all("key.register"):
            claim, self.at = self.document(event["payload"]), event["at"]
            public, said = bytes.fromhex(claim["public_key"]), canonical({one: claim[one] for one in claim if one not in ("proof", "node")})
            held = sha256(public) == event["object"]["id"] and signed(public, bytes.fromhex(claim["proof"]), b"lynxweb/possession/v1\n" + said)
            demand(held, "shows no proof that somebody holds this key")
        for event in self.all("run.submit"):
            seq, digest, place = event["seq"], event["object"]["id"], f"bundles/{event['payload']}.dsse.json"
            history = ["undeclared", *[f"{one['action']}@{one['seq']}" for one in self.chains["run", digest]]]
            self.runs.append(run := {"run": digest, "declared_at": None, "history": history})
            if place not in self.files and event["payload"] in self.redacted:
                history[0] = "bundle redacted, so neither its signature nor its declaration is checked"; continue
            envelope = read_json(self.file(place))
            [signature], payload, kind = envelope["signatures"], unbase64(envelope["payload"]), envelope["payloadType"].encode()
            key, statement, message = signature["keyid"], read_json(payload), b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
            self.members += [(one["digest"]["sha256"], place) for one in statement["subject"]]
            stated, same = statement["predicate"], sha256(payload) == digest and kind == b"application/vnd.in-toto+json"
            demand(same and stated["key_id"] == key, f"does not hold run {digest}, or names two keys")
            node, self.at = (claim := self.document(self.first("key", key, seq)["payload"]))["node"], place
            demand(signed(bytes.fromhex(claim["public_key"]), unbase64(signature["sig"], 64), message), f"has a signature not made by key {key}")
            self.first("node", node, seq)
            demand(event["actor"]["kind"] != "node" or event["actor"]["id"] == node, "was handed in by another node than that of its key")
            for end in [one for one in self.chains["key", key] if one["action"] == "key.revoke"]:
                last, self.at = min(end["seq"] - 1, self.said(end).get("last_good_seq", end["seq"])), end["at"]
                demand(seq <= last, f"revokes the key of run {digest}: what it signed counts up to position {last}, and not at {seq}")
            self.at, how, nonce = place, stated["methodology_sha256"], stated["nonce"]
            published = self.first("methodology", how, seq)
            if nonce is None:
                demand(self.said(published).get("undeclared_allowed", True), f"is undeclared, and methodology {how} takes no such runs"); continue
            first = self.first("declaration", nonce, seq)
            told, self.at = self.document(first["payload"] or first["after"]), place
            same = {node} == {told.get("node", told.get("node_id")), first["actor"]["id"] if first["actor"]["kind"] == "node" else node}
            same = same and told.get("methodology", told.get("methodology_id")) == how
            ended = [one for one in self.chains["declaration", nonce] if one["action"] == "run.abandon" and one["seq"] < seq]
            fresh = not ended and first["seq"] not in [one["declared_at"] for one in self.runs]
            demand(same and fresh, "answers a declaration of another node, of another run, under another methodology, or one that was given up")
            run["declared_at"], history[0] = first["seq"], f"run.declare@{first['seq']}"
        for event in self.all("decision.sign"):
            said, self.at = self.said(event), event["at"]
            demand(event["actor"]["id"] in said["members"], "signs a decision whose members do not name the signer")
            for name in (("requirement", said["requirement_sha256"]), *(("run", run) for one in said["candidates"] for run in one["runs"])):
                self.first(*name, event["seq"])
    def check_11_payloads(self) -> None:
        """Files have the digests of their names and belong to something shown, what is missing is explained, openings fit their commitments."""
        rows, events = read_json(self.file("omitted.json"))["omitted"], list(self.events.values())
        self.absent = {one["sha256"]: f"left out by whoever made this pack, who says: {one['reason']}"[:400] for one in rows}
        here = {name.partition("/")[2][:64] for name in self.files if name.startswith(("documents/", "payload/", "bundles/"))}
        demand(len(self.absent) == len(rows) and not here & self.absent.keys(), "lists something twice, or something that is here")
        attached = [(one["payload"], one["at"]) for one in events[:-1] if one["payload"]]
        needed = {*dict([*self.members, *attached]), *(one[side] for one in events for side in ("before", "after"))}
        for name in self.files:
            folder, _, rest = name.partition("/")
            if rest[:64] in here:
                demand(sha256(self.file(name)) == rest[:64], "has another digest than its name")
                demand(rest[:64] in needed, "is here, and nothing in this pack rests on it")
            opened = read_json(self.file(name)) if folder in ("documents", "openings") else {}
            for one, opening in opened.items() if folder == "openings" else ():
                found = hashlib.sha256(unbase64(opening["salt"], 32) + canonical(opening["value"])).digest()
                demand(unbase64(self.events[int(rest[:12])]["commit"][one]) == found, f"does not open the commitment to {one}")
        for explained, things in (({*self.absent, *self.redacted}, self.members), (self.redacted.keys(), attached)):
            for digest, self.at in things:
                demand(digest in here or digest in explained, f"rests on {digest}, which is neither here nor explained")
        self.absent.update({one: f"redacted by event {seq}; {self.absent.get(one, '')}" for one, seq in self.redacted.items()})
    def check_12_acts(self) -> None:
        """The export is last and binds these contents; people gave reasons; second persons agreed; nobody judged what they brought."""
        *_, export = self.events.values()
        self.at, outside = export["at"], ("manifest.json", "checkpoint", "proofs/", "consistency/", export["at"])
        bound = [{"name": one, "sha256": sha256(self.files[one]), "size": len(self.files[one])} for one in self.files if not one.startswith(outside)]
        demand((export["action"], export["object"]["type"], export["prev"]) == ("pack.export", "pack", None), "is the last event, and no pack.export")
        demand(sha256(canonical(bound)) == export["payload"], "binds other contents than those of this pack")
        self.two_person_rule, self.used = "off", set[int]()  # type: Any, set[int]
        for event in self.events.values():
            self.at, action, thing = event["at"], event["action"], event["object"]
            demand(event["actor"]["kind"] != "user" or 10 <= len(event["reason"] or "") <= 2000, "is by a person, and gives no reason")
            said, self.at = {} if action in ("run.submit", "pack.export") else self.said(event), event["at"]
            facts = {"reason": event["reason"], "reason_code": event["reason_code"], thing["type"]: thing["id"]}
            odd = [one for one, fact in facts.items() if one != "role" and said.get(one, fact) != fact]
            demand(not odd and (action not in NAMED_BY_PAYLOAD or event["payload"] == thing["id"]), f"attaches the words of another act {odd}")
            self.second_person(event, said)
            self.two_person_rule = said.get("two_person_rule") if thing["type"] == "log" else self.two_person_rule
            demand(self.two_person_rule in ("on", "off"), "sets the two-person rule neither on nor off")
        for submitted in self.all("run.submit"):
            brought, judges, closed = people(submitted, *self.chains.get(("node", submitted["actor"]["id"]), [])[:1]), set[str](), False
            for one in self.chains["run", (digest := submitted["object"]["id"])]:
                said, who, self.at = self.said(one) if one["action"].startswith("review.") else {}, people(one), one["at"]
                reports = [each for each in self.chains.get(("review", said.get("review")), []) if each["action"] == "review.report"]
                if one["action"] == "run.publish":
                    demand(closed and not who & (brought | judges), "publishes a run without a review, or is by somebody who brought or reviewed it")
                if one["action"] in ("review.open", "review.close") and "dispute" not in said:  # which is decided by a third side, without reports
                    judges, closed = judges | who, closed or one["action"] == "review.close"
                    demand(not people(one, *reports) & brought, "is the judgement of somebody who brought the run")
                    demand(people(one, *reports) == who, "is of a review on which somebody else reported")
                if one["action"] == "review.close" and said and "dispute" not in said:
                    last = [each for each in reports if each["seq"] < one["seq"]][-1:]
                    told, self.at = [(each["payload"], *map({**said, **self.said(each)}.get, ("outcome", "run"))) for each in last], one["at"]
                    demand(told == [(said["report"], said["outcome"], digest)], "closes a review otherwise than its newest report says")
    def second_person(self, event: dict[str, Any], said: Any) -> None:
        """That an act which takes two people names a proposal: by somebody else, earlier, unexpired, used once, and of exactly this act."""
        action, thing = event["action"], {name: event["object"][name] for name in ("type", "id")}
        two = action in ("ruling.issue", "payload.redact", "actor.erase", "log.close") or (action == "key.revoke" and event["payload"])
        two = two or (action in ("run.withdraw", "run.supersede") and self.published.get(thing["id"], event["seq"]) < event["seq"])
        two = two or said.get("two_person_rule") == "off"
        two = two or (action == "role.grant" and said["role"] in ("reviewer", "publisher", "auditor", "administrator"))
        if event["proposal"] is None:
            return demand(not two or self.two_person_rule == "off", "takes two people, and names no proposal")
        proposed = self.events.get(event["proposal"], {"action": None, "seq": -1})
        demand(proposed["action"] == "act.propose" and proposed["seq"] < event["seq"], f"names position {event['proposal']}: no earlier proposal")
        human = all(one["actor"]["kind"] == "user" or one["on_behalf_of"] for one in (proposed, event))
        demand(human and not people(proposed) & people(event), "was proposed and done by the same person" if human else "was done by no person")
        terms, self.at = self.document(proposed["payload"]), event["at"]
        demand((terms["action"], terms["object"], terms["terms"]) == (action, thing, event["payload"]), "is not what was proposed")
        demand(event["time"] <= terms["expires"] and event["proposal"] not in self.used, "came after its proposal had expired, or had been used")
        return self.used.add(event["proposal"])
# -- The report -------------------------------------------------------------------------------------------------------------------------------
def verify(archive: bytes, policy: bytes | None = None, remembered: list[bytes] | None = None) -> dict[str, Any]:
    """The whole report; `policy` is the reader's trust policy, `remembered` the checkpoints that they kept."""
    pack, checks, broken = Pack(archive, policy, remembered or []), list[dict[str, Any]](), ""
    for number, check in enumerate([check for name, check in vars(Pack).items() if name.startswith("check_")], 1):
        pack.at, odd = "this pack", "is not of the form it must have, or rests on a check that failed: "
        try:
            demand(not broken or number in (4, 5), broken)
            outcome, said = ("NOT PRESENT", nothing) if (nothing := check(pack)) else ("PASS", "")
        except Exception as error:  # whatever hostile bytes may cause, it is a failed check
            outcome, said = "FAIL", f"{pack.at} {'' if type(error) is ValueError else odd}{error}"[:400]
            if not broken and (number in (1, 8) or (number == 3 and policy)): broken = f"is not looked into any further after check {number}"
        checks.append({"number": number, "check": check.__doc__, "outcome": outcome, "said": said, "at": pack.at if outcome == "FAIL" else None})
    accepted, (origin, size, root) = all(one["outcome"] != "FAIL" for one in checks), getattr(pack, "tree", ("", 0, b""))
    return {
        "v": 1, "accepted": accepted, "origin": origin, "size": size, "root": root.hex(), "root_base64": base64.b64encode(root).decode(),
        "checkpoint": getattr(pack, "files", {}).get("checkpoint", b"").decode("utf-8", "replace"), "witness_level": "W0",
        "first_contact": checks[5]["said"] == FIRST_CONTACT, "two_person_rule": getattr(pack, "two_person_rule", None),
        "runs": getattr(pack, "runs", []), "absent": getattr(pack, "absent", {}), "checks": checks, "not_proved": NOT_PROVED}
def lines(report: dict[str, Any]) -> list[str]:
    """The report as people read it; what a pack says is never sent to the terminal as it is."""
    told = [f"{name:<16}{report[name]}" for name in ("origin", "size", "root", "root_base64", "witness_level", "two_person_rule")]
    told += [f"{one['number']:>2} {one['outcome']:<12}{one['check']} {one['said']}".rstrip() for one in report["checks"]]
    told += [f"run {one['run']}: {' '.join(one['history'])}" for one in report["runs"]]
    told += [f"not here: {digest}: {why}" for digest, why in report["absent"].items()] + [f"{FIRST_CONTACT}."] * report["first_contact"]
    told += ["This does not prove:", *[f"  {one}" for one in report["not_proved"]]]
    return [ascii(one)[1:-1] for one in [*told, "ACCEPTED: no check failed." if report["accepted"] else "REFUSED: do not rely on this pack."]]
def verify_files(pack: Path, trust: Path | None, remember: Path | None) -> dict[str, Any]:
    """The report on a pack; keeps its checkpoint below `remember` if it is accepted, and demands that it goes on from those kept there."""
    held = [one.read_bytes() for one in sorted(remember.glob("*.checkpoint"))] if remember else []
    report = verify(pack.read_bytes(), trust.read_bytes() if trust else None, held)
    if remember and report["accepted"]:
        remember.mkdir(parents=True, exist_ok=True)
        part = remember / f"{sha256(report['origin'].encode())[:16]}-{report['size']:012d}.part"
        part.write_bytes(report["checkpoint"].encode())
        part.replace(part.with_suffix(".checkpoint"))
    return report
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an evidence pack offline.")
    parser.add_argument("pack", type=Path, help="the pack, a ZIP")
    parser.add_argument("--trust", type=Path, metavar="FILE", help="your trust policy, got over another channel than the pack")
    parser.add_argument("--remember", type=Path, metavar="DIR", help="keep accepted checkpoints here, and refuse what does not go on from them")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args(arguments)
    try:
        report = verify_files(asked.pack, asked.trust, asked.remember)
    except OSError as error:
        parser.error(str(error))
    print(json.dumps(report, indent=1) if asked.json else "\n".join(lines(report)))
    return 0 if report["accepted"] else 1
if __name__ == "__main__": sys.exit(main())
