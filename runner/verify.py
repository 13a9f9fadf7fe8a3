"""Check an evidence pack offline:  python3 verify.py PACK.zip --trust FILE [--remember DIR] [--json]

Needs Python 3.9 and nothing else; opens no network, unpacks nothing, writes nothing but below --remember. Makes twelve checks, each PASS, FAIL or NOT
PRESENT, and ends with 0 (none failed), 1 (at least one failed) or 2 (command not understood). Whoever can send a false pack can send a false verifier
in it: get the SHA-256 of this file, and the trust policy, over another channel.
"""

# ruff: noqa: E401, I001, SIM905
# fmt: off
from __future__ import annotations
import argparse, base64, hashlib, json, re, struct, sys, zlib
from pathlib import Path
from typing import Any

ACTIONS = frozenset("""
log.open log.close checkpoint.note actor.create actor.bind actor.erase role.grant role.revoke token.issue token.revoke node.enrol node.retire
key.register key.rotate key.revoke executor.publish executor.supersede executor.retire methodology.publish methodology.supersede methodology.retire
document.publish document.supersede document.retire reference.grant reference.revoke run.declare run.abandon run.submit run.check run.disclose
run.publish run.supersede run.withdraw bundle.reject review.open review.close review.report review.respond notice.post notice.lift review.draw
ruling.issue act.propose requirement.publish requirement.supersede decision.sign decision.append payload.redact pack.export""".split())
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
    if not holds:
        raise ValueError(what)
def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

def unzip(archive: bytes) -> dict[str, bytes]:
    """The files of a ZIP that is stored, sorted and gapless, with every header field as expected: no byte of it is left unchecked."""
    end = len(archive) - 22
    demand(0 <= end <= 1 << 30, "is too short or too long for a pack")
    count, start = struct.unpack_from("<H4xI", archive, end + 10)
    files, entry, place, last = {}, start, 0, ""
    for _ in range(count):
        demand(entry + 46 <= end, "has a directory that is cut short")
        crc, size, letters = struct.unpack_from("<I4xIH", archive, entry + 16)
        raw = archive[entry + 46 : entry + 46 + letters]
        name = raw.decode("ascii", "replace")
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

def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

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
    content = base64.b64decode(text)
    demand(base64.b64encode(content).decode() == text and size in (None, len(content)), "holds bad base64, or not as much as there must be")
    return content

# -- Signatures: Ed25519 (RFC 8032, without cofactor), points in extended coordinates (X, Y, Z, XY/Z) -----------------------------------------
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, EIGHTH = -121665 * pow(121666, P - 2, P) % P, 2707385501144840649318225287225658788936804267575313519463743609750303402022
SMALL_ORDER_Y = (0, 1, P - 1, EIGHTH, P - EIGHTH)  # the y of every point of order 1, 2, 4 and 8

def read_point(encoded: bytes) -> Any:
    """The point that 32 bytes spell; a ValueError where there is none, for points of small order and for other spellings than the usual one."""
    y = int.from_bytes(encoded, "little") & ~(1 << 255)
    x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    root = pow(x_squared, (P + 3) // 8, P)
    x = root if root * root % P == x_squared else root * pow(2, (P - 1) // 4, P) % P
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
    quorums = [line[1:] for line in lines if line[0] == "quorum"]
    demand(quorums == [["none"]], f"asks for the quorum {quorums}, and this verifier checks none: take a newer one")
    return keys

def parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
def root_over(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root of a tree of `size` leaves, from one leaf hash and its inclusion path, whose last hash is the other half of the whole tree."""
    demand(index < size and (size > 1) == bool(path), "is a path of the wrong length")
    if size == 1:
        return leaf
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
EVENT = "action actor after anchor basis before commit object on_behalf_of payload prev proposal reason reason_code request_id seq time v".split()
PROOF = re.compile(rb"c2sp\.org/tlog-proof@v1\nindex (0|[1-9]\d{0,15})\n((?:[^\n]+\n)*)\n(.+)", re.DOTALL)
NOBODY: dict[str, Any] = {"action": None, "seq": -1}

def people(*events: dict[str, Any]) -> set[str]:
    return {who for event in events for who in (event["actor"]["id"], event["on_behalf_of"]) if who is not None}

class Pack:
    """What the reader gave, and what the checks have read so far; `at` is what is being looked at, and so what a failure names."""
    def __init__(self, archive: bytes, policy: bytes | None, remembered: list[bytes]):
        self.archive, self.policy, self.remembered, self.at = archive, policy, remembered, ""

    def file(self, name: str) -> bytes:
        self.at = name
        demand(name in self.files, "is missing")
        return self.files[name]
    def document(self, digest: str) -> Any:
        content = self.file(f"documents/{digest}.json")
        demand(sha256(content) == digest, "has another digest than its name")
        return read_json(content)
    def all(self, *actions: str) -> list[dict[str, Any]]:
        return [event for event in self.events.values() if event["action"] in actions]

    def check_1_archive(self) -> None:
        """The archive holds plain files, and not a byte beside them."""
        self.files = unzip(self.archive)

    def check_2_manifest(self) -> None:
        """The manifest lists exactly these files."""
        listed = read_json(self.file("manifest.json"))["files"]
        for name in sorted({*listed, *self.files} - {"manifest.json", "checkpoint"}):
            demand(listed.get(name) == {"sha256": sha256(self.file(name)), "size": len(self.files[name])}, "is not the file that manifest.json lists")

    def check_3_checkpoint(self) -> None:
        """The checkpoint is signed by the log that the trust policy names."""
        opened = self.document(read_json(self.file("events/000000000000.json"))["payload"])
        origin, own, self.at = opened["origin"], b"\1" + bytes.fromhex(opened["log_key"]), "trust policy"
        keys = read_policy(self.policy) if self.policy is not None else {(origin, bytes.fromhex(sha256(f"{origin}\n".encode() + own)[:8])): own}
        self.tree, signatures = read_checkpoint(self.file("checkpoint"))
        demand(self.tree[0] == origin, f"is of another log than {origin}, which the first event opened")
        text = self.files["checkpoint"].partition(b"\n\n")[0] + b"\n"
        for (name, short), signature in signatures.items():
            demand(name == origin and (name, short) in keys, f"is signed by {name}+{short.hex()}, which is no trusted key of {origin}")
            demand(signed(keys[name, short][1:], signature, text), f"has a signature by {name}+{short.hex()} that does not hold")
        demand(self.policy is not None, "fits only the key in the pack itself: get the trust policy over another channel, and give it with --trust")

    def check_4_witnesses(self) -> str:
        """Independent witnesses signed the checkpoint."""
        return "W0: nobody but the log itself vouches for this history"
    def check_5_dates(self) -> str:
        """Somebody outside dated the checkpoint."""
        return "the order of events is proved, their dates are not"

    def check_6_history(self) -> str:
        """The log goes on from the checkpoint that you remember."""
        (origin, size, root), self.at = self.tree, "a checkpoint below --remember"
        held = {tree[1]: tree[2] for tree, _ in map(read_checkpoint, self.remembered) if tree[0] == origin}
        newest, self.at = max(held, default=0), "checkpoint"
        demand(held.get(size, root) == root, "has another root than the one of this size that you remember: history was rewritten")
        demand(size in held or size > newest, f"is older than the one of {newest} events that you remember, and new to you")
        if 0 < newest < size:
            *rows, end = self.file(f"consistency/{newest}-{size}").decode().split("\n")
            roots = roots_over(newest, size, [unbase64(row, 32) for row in rows], held[newest])
            demand(roots == (held[newest], root) and end == "", "does not lead from what you remember to this pack: history was rewritten")
        return "" if held else FIRST_CONTACT

    def check_7_events(self) -> None:
        """Every event is canonical JSON of a known kind, at the position of its name and of its proof."""
        events, chains = {}, {}  # type: dict[int, Any], dict[tuple[str, str], Any]
        for name in sorted({f"events/{one[7:19]}.json" for one in self.files if one.startswith(("events/", "proofs/"))}):
            event = read_json(self.file(name))
            demand(sorted(event) == EVENT and (event["v"], event["seq"]) == (1, int(name[7:19])), "is no event of version 1 of this position")
            demand(event["action"] in ACTIONS, f"has the action {event['action']}, which this verifier does not know: take a newer one")
            proof: Any = PROOF.fullmatch(self.file(f"proofs/{name[7:19]}.tlog-proof"))
            demand(proof and int(proof[1]) == event["seq"] and proof[3] == self.files["checkpoint"], "is no proof of this position and checkpoint")
            event["at"], event["path"] = name, [unbase64(row, 32) for row in proof[2].decode().split("\n")[:-1]]
            events[event["seq"]] = event
            chains.setdefault((event["object"]["type"], event["object"]["id"]), []).append(event)
        self.absent = {one["sha256"]: one["reason"] for one in read_json(self.file("omitted.json"))["omitted"]}
        self.events, self.chains = events, chains

    def check_8_inclusion(self) -> None:
        """The log holds every event, at its position, under the root."""
        for seq, event in self.events.items():
            self.at, leaf = f"proofs/{seq:012d}.tlog-proof", hashlib.sha256(b"\0" + self.files[event["at"]]).digest()
            demand(root_over(leaf, seq, self.tree[1], event["path"]) == self.tree[2], "does not lead from its event to the root")

    def check_9_chains(self) -> None:
        """Nothing is left out of the history of any object shown, nor of the register of rulings."""
        rows = read_json(self.file("heads.json"))["heads"]
        heads = {(row["type"], row["id"]): (row["rev"], row["seq"]) for row in rows}
        reviews = [("review", self.document(one["payload"])["review"]) for one in self.all("review.open") if one["payload"] not in self.absent]
        *_, own = self.events.values()  # the export itself came after heads.json
        lost, self.at = {("ruling", "register"), *reviews, *self.chains} - {*heads, (own["object"]["type"], own["object"]["id"])}, "heads.json"
        demand(not lost and len(heads) == len(rows), f"does not list {sorted(lost)[:1]}, or lists something twice")
        for thing, head in heads.items():
            rev, last = 0, None
            for event in self.chains.get(thing, []):
                self.at = event["at"]
                demand((event["object"]["rev"], event["prev"]) == (rev + 1, last), f"does not follow on revision {rev} of {' '.join(thing)}")
                rev, last = rev + 1, event["seq"]
            self.at = "heads.json" if head[1] is None else f"events/{head[1]:012d}.json"
            demand((rev, last) == head, f"is the newest of {' '.join(thing)} by heads.json, revision {head[0]}; the pack ends at revision {rev}")

    def check_10_bundles(self) -> None:
        """Every run was signed with a key that counted at its position, and answers an earlier declaration unless it is called undeclared."""
        self.runs, self.members = list[dict[str, Any]](), list[tuple[str, str]]()
        for event in self.all("run.submit"):
            seq, digest, place = event["seq"], event["object"]["id"], f"bundles/{event['payload']}.dsse.json"
            history = ["undeclared", *[f"{one['action']}@{one['seq']}" for one in self.chains["run", digest]]]
            run = {"run": digest, "declared_at": None, "history": history}
            self.runs.append(run)
            if place not in self.files and event["payload"] in self.absent:
                continue
            envelope = read_json(self.file(place))
            [signature], payload, kind = envelope["signatures"], unbase64(envelope["payload"]), envelope["payloadType"].encode()
            key, statement, message = signature["keyid"], read_json(payload), b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
            self.members += [(one["digest"]["sha256"], place) for one in statement["subject"]]
            nonce, same = statement["predicate"]["nonce"], statement["predicate"]["key_id"] == key and kind == b"application/vnd.in-toto+json"
            demand(same and sha256(payload) == digest, f"does not hold run {digest}, or names two keys")
            first, *later = self.chains.get(("key", key), [NOBODY])
            demand(first["action"] == "key.register" and first["seq"] < seq, f"is signed by key {key}, which was not registered before")
            claim = self.document(first["payload"])
            public, node, self.at = bytes.fromhex(claim["public_key"]), claim["node"], place
            demand(sha256(public) == key and signed(public, unbase64(signature["sig"], 64), message), f"has a signature that key {key} did not make")
            for end in [one for one in later if one["action"] == "key.revoke"]:
                last = self.document(end["payload"])["last_good_seq"] if end["payload"] else end["seq"] - 1
                self.at = end["at"]
                demand(seq <= last, f"revokes the key of run {digest}: what it signed counts up to position {last}, and not at {seq}")
            self.at = place
            if nonce is not None:
                first = self.chains.get(("declaration", nonce), [NOBODY])[0]
                demand(first["action"] == "run.declare" and first["seq"] < seq, "answers no declaration made before it")
                told = {"node": first["actor"]["id"]} if first["actor"]["kind"] == "node" else self.document(first["payload"] or first["after"])
                self.at, fresh = place, first["seq"] not in [one["declared_at"] for one in self.runs]
                demand(fresh and node in (told.get("node"), told.get("node_id")), "answers a declaration of another node or of another run")
                run["declared_at"], run["history"][0] = first["seq"], f"run.declare@{first['seq']}"

    def check_11_payloads(self) -> None:
        """Files have the digests of their names, what is missing is explained, and openings fit their commitments."""
        for name in self.files:
            folder, _, rest = name.partition("/")
            demand(folder not in ("documents", "payload", "bundles") or sha256(self.file(name)) == rest[:64], "has another digest than its name")
            opened = read_json(self.file(name)) if folder in ("documents", "openings") else {}
            for one, opening in opened.items() if folder == "openings" else ():
                found = hashlib.sha256(unbase64(opening["salt"], 32) + canonical(opening["value"])).digest()
                demand(unbase64(self.events[int(rest[:12])]["commit"][one]) == found, f"does not open the commitment to {one}")
        gone = {*self.absent, *(one["object"]["id"] for one in self.all("payload.redact"))}
        for digest, place in [*self.members, *((one["payload"], one["at"]) for one in list(self.events.values())[:-1] if one["payload"])]:
            self.at = place
            here = {f"documents/{digest}.json", f"payload/{digest}", f"bundles/{digest}.dsse.json"} & self.files.keys()
            demand(here or digest in gone, f"rests on {digest}, which is neither here nor explained by omitted.json or a payload.redact")

    def check_12_acts(self) -> None:
        """The export is last and binds these contents; people gave reasons; second persons agreed; nobody judged what they brought."""
        *_, export = self.events.values()
        self.at, outside = export["at"], ("manifest.json", "checkpoint", "proofs/", "consistency/", export["at"])
        bound = [{"name": one, "sha256": sha256(self.files[one]), "size": len(self.files[one])} for one in self.files if not one.startswith(outside)]
        demand((export["action"], export["object"]["type"], export["prev"]) == ("pack.export", "pack", None), "is the last event, and no pack.export")
        demand(sha256(canonical(bound)) == export["payload"], "binds other contents than those of this pack")
        for event in self.events.values():
            self.at = event["at"]
            demand(event["actor"]["kind"] != "user" or 10 <= len(event["reason"]) <= 2000, "is by a person, and gives no reason")
            self.second_person(event)
            if event["action"] in ("log.open", "checkpoint.note"):
                self.two_person_rule = self.document(event["payload"])["two_person_rule"]
        for run in self.all("run.submit"):
            digest, brought = run["object"]["id"], people(run, *self.chains.get(("node", run["actor"]["id"]), [])[:1])
            for one in self.all("review.report", "review.close"):
                about = None if one["payload"] in self.absent else self.document(one["payload"])["run"]
                self.at = one["at"]
                demand(digest not in (about, one["object"]["id"]) or not people(one) & brought, "is the judgement of somebody who brought the run")

    def second_person(self, event: dict[str, Any]) -> None:
        """That an act which takes two people names a proposal: by somebody else, earlier, unexpired, used once, and of exactly this act."""
        action, thing = event["action"], {name: event["object"][name] for name in ("type", "id")}
        earlier = {one["action"] for one in self.chains[thing["type"], thing["id"]] if one["seq"] < event["seq"]}
        two = action in ("ruling.issue", "payload.redact", "actor.erase", "log.close") or (action == "key.revoke" and event["payload"])
        two = two or (action in ("run.withdraw", "run.supersede") and "run.publish" in earlier)
        two = two or (action == "role.grant" and self.document(event["payload"])["role"] in ("reviewer", "publisher", "auditor", "administrator"))
        self.at = event["at"]
        if event["proposal"] is None:
            return demand(not two or self.two_person_rule != "on", "takes two people, and names no proposal")
        proposed, others = self.events.get(event["proposal"], NOBODY), [one["proposal"] for one in self.events.values() if one is not event]
        demand(proposed["action"] == "act.propose" and proposed["seq"] < event["seq"], f"names position {event['proposal']}: no earlier proposal")
        demand(not people(proposed) & people(event), "was proposed and done by the same person")
        said, self.at = self.document(proposed["payload"]), event["at"]
        demand((said["action"], said["object"], said["terms"]) == (action, thing, event["payload"]), "is not what was proposed")
        return demand(event["time"] <= said["expires"] and event["proposal"] not in others, "came after its proposal had expired, or had been used")

# -- The report -------------------------------------------------------------------------------------------------------------------------------
def verify(archive: bytes, policy: bytes | None = None, remembered: list[bytes] | None = None) -> dict[str, Any]:
    """The whole report; `policy` is the reader's trust policy, `remembered` the checkpoints that they kept."""
    pack, checks = Pack(archive, policy, remembered or []), []
    for number, check in enumerate([check for name, check in vars(Pack).items() if name.startswith("check_")], 1):
        pack.at, odd = "this pack", "is not of the form it must have, or rests on a check that failed: "
        try:
            nothing = check(pack)
            outcome, said = ("NOT PRESENT", nothing) if nothing else ("PASS", "")
        except Exception as error:  # whatever hostile bytes may cause, it is a failed check
            outcome, said = "FAIL", f"{pack.at} {'' if type(error) is ValueError else odd}{error}"[:400]
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
    said = "ACCEPTED: no check failed." if report["accepted"] else "REFUSED: do not rely on this pack."
    return [ascii(line)[1:-1] for line in [*told, "This does not prove:", *[f"  {one}" for one in report["not_proved"]], said]]

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
    """The command; returns its exit code."""
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

if __name__ == "__main__":
    sys.exit(main())
