"""A note has one spelling and signers that its reader knows; the published example of the format opens and is written again to the same bytes."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.contract import notes
from runner.contract.keys import SigningKey
from runner.contract.notes import VerifierKey
from runner.contract.problems import Problems
from tests.contract.note_vectors import COLLIDING, KEY, ORIGIN, OTHER, PETER, PETERS, TEXT, TWINS, VKEY, line, spellings

# The other published key and the note text of golang.org/x/mod/sumdb/note, signed by both.
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
ENOCHS_LINE = "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
PETERS_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETERS_TEXT = PETERS.partition("\n\n")[0] + "\n"
NOTE = notes.sign(TEXT, ORIGIN, KEY).decode()
LINE = notes.signature_line(TEXT, ORIGIN, KEY)
ENCODED = LINE.split(" ")[2].rstrip("\n")


def _codes(note: str | bytes, *keys: VerifierKey) -> tuple[str, ...]:
    with pytest.raises(Problems) as caught:
        notes.open(note if isinstance(note, bytes) else note.encode(), keys or (VKEY,))
    return caught.value.codes


def test_the_published_note_opens_with_the_published_key() -> None:
    assert notes.open(PETERS.encode(), [VerifierKey.read(PETER)]) == notes.Note(PETERS_TEXT, (VerifierKey.read(PETER),))


def test_the_published_private_key_writes_the_published_note() -> None:
    assert notes.sign(PETERS_TEXT, "PeterNeumann", SigningKey(PETERS_SEED)) == PETERS.encode()


def test_the_published_note_of_two_signers_opens_with_both_keys() -> None:
    opened = notes.open((PETERS + ENOCHS_LINE).encode(), [VerifierKey.read(ENOCH), VerifierKey.read(PETER)])
    assert [signer.name for signer in opened.signers] == ["PeterNeumann", "EnochRoot"]


def test_a_signer_that_the_reader_does_not_list_is_an_error_where_the_format_lets_it_pass() -> None:
    assert _codes(PETERS + ENOCHS_LINE, VerifierKey.read(PETER)) == ("unknown-signer",)


def test_no_part_and_no_neighbour_of_the_published_key_is_a_key() -> None:
    parts = [PETER[start:end] for start in range(len(PETER)) for end in range(start + 1, len(PETER) + 1) if end - start < len(PETER)]
    neighbours = [PETER[:place] + chr(ord(PETER[place]) + 1) + PETER[place + 1 :] for place in range(len(PETER))]
    for text in [*parts, *neighbours]:
        with pytest.raises(Problems):
            VerifierKey.read(text)


@pytest.mark.parametrize("vkey", [PETER, ENOCH, str(VKEY)])
def test_a_verifier_key_is_written_as_it_was_read(vkey: str) -> None:
    assert str(VerifierKey.read(vkey)) == vkey


def test_a_note_opens_with_its_text_to_the_last_newline() -> None:
    assert notes.open(NOTE.encode(), [VKEY]).text == TEXT


def test_the_same_text_and_key_give_the_same_bytes() -> None:
    assert notes.sign(TEXT, ORIGIN, KEY).decode() == NOTE


@given(st.text(max_size=60), st.sampled_from([KEY, OTHER]))
def test_whatever_can_be_signed_opens_again(text: str, key: SigningKey) -> None:
    try:
        note = notes.sign(text, ORIGIN, key)
    except Problems:
        return
    assert notes.open(note, [VerifierKey(ORIGIN, key.public)]).text == text


@given(st.binary(max_size=200))
def test_hostile_bytes_are_refused_with_the_typed_error(note: bytes) -> None:
    _codes(note)


@pytest.mark.parametrize("text", ["", "\n", "no newline", "two\n\n", "a\rb\n", "a\0\n", "a\tb\n", "\ud800\n", "a\x7f\n", "a\x85\n"])
def test_a_text_that_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(Problems) as caught:
        notes.sign(text, ORIGIN, KEY)
    assert caught.value.codes == ("bad-note",)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\u2003b", "a\u00a0b", "a\nb", "a\0b", "\ud800"])
def test_a_name_that_no_key_can_have_is_refused(name: str) -> None:
    with pytest.raises(Problems) as caught:
        VerifierKey(name, KEY.public)
    assert caught.value.codes == ("bad-note",)


def test_seventeen_signatures_are_refused_before_any_is_checked() -> None:
    assert _codes(f"{TEXT}\n{LINE * 17}") == ("bad-note",)


@pytest.mark.parametrize(
    "note",
    {
        "CRLF": NOTE.replace("\n", "\r\n"),
        "NUL": NOTE.replace("F", "\0", 1),
        "no final newline": NOTE[:-1],
        "two blank lines": NOTE.replace("\n\n\u2014", "\n\n\n\u2014"),
        "hyphen": NOTE.replace("\u2014", "-"),
        "en dash": NOTE.replace("\u2014", "\u2013"),
        "horizontal bar": NOTE.replace("\u2014", "\u2015"),
        "duplicate signer": NOTE + LINE,
        "no signature": f"{TEXT}\n",
    }.items(),
    ids=lambda item: item[0],
)
def test_another_shape_is_no_note(note: tuple[str, str]) -> None:
    assert _codes(note[1]) == ("bad-note",)


@pytest.mark.parametrize("spelling", spellings(ENCODED))
def test_another_spelling_of_the_same_signature_is_no_note(spelling: str) -> None:
    assert _codes(NOTE.replace(ENCODED, spellings(ENCODED)[spelling])) == ("bad-note",)


def test_the_four_spellings_are_of_the_same_bytes() -> None:
    # Each is what some decoder takes for the signature; none is what was signed twice.
    told = spellings(ENCODED)
    loose = {name: base64.urlsafe_b64decode(text.rstrip("=") + "==") for name, text in told.items() if name != "trailing bits set"}
    loose["trailing bits set"] = base64.b64decode(told["trailing bits set"])
    loose |= {name: base64.b64decode(text.rstrip("=") + "==") for name, text in told.items() if name in {"without padding", "padding doubled"}}
    assert set(loose.values()) == {base64.b64decode(ENCODED)} and len({*told.values(), ENCODED}) == 5


def test_keys_whose_ids_collide_are_refused_together() -> None:
    first, second = (VerifierKey(COLLIDING, key.public) for key in TWINS)
    assert first.key_id == second.key_id and first != second
    note = notes.sign(TEXT, COLLIDING, TWINS[0])
    assert notes.open(note, [first]).signers == (first,)
    assert _codes(note, first, second) == ("bad-note",)
    assert _codes(note, second) == ("bad-signature",)


def test_one_key_listed_twice_is_refused() -> None:
    assert _codes(NOTE, VKEY, VKEY) == ("bad-note",)


def test_a_signature_of_another_type_is_no_signature_of_ours() -> None:
    # Type 0x04 has other ids; with our id its 72 bytes are no Ed25519 signature.
    assert _codes(f"{TEXT}\n{line(ORIGIN, VKEY.key_id, bytes(8) + KEY.sign(TEXT.encode()))}") == ("bad-signature",)
    assert _codes(f"{TEXT}\n{line(ORIGIN, bytes(4), KEY.sign(TEXT.encode()))}") == ("unknown-signer",)


def test_every_signature_that_fails_is_told() -> None:
    second = VerifierKey("log.example/2", OTHER.public)
    with pytest.raises(Problems) as caught:
        notes.open(f"{TEXT}\n{line(ORIGIN, VKEY.key_id, bytes(64))}{line(second.name, second.key_id, bytes(64))}".encode(), [VKEY, second])
    assert [problem.path for problem in caught.value.problems] == ["signatures[0]", "signatures[1]"]


def test_no_changed_byte_of_a_note_passes() -> None:
    content = NOTE.encode()
    for place in range(len(content)):
        for change in (1, 32, 128):
            _codes(content[:place] + bytes([content[place] ^ change]) + content[place + 1 :])
