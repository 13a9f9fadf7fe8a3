"""The container has one spelling: any other ZIP of the same members is refused, and any unzip reads ours."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.contract import container
from runner.contract.problems import Problems

MEMBERS = {"envelope.json": b"{}", "run.json": b"hello", "samples.parquet": b"PAR1" * 50}
WHOLE = container.write(MEMBERS)


def read(content: bytes) -> dict[str, bytes]:
    return container.read(io.BytesIO(content))


def test_what_was_written_is_read_and_any_unzip_reads_it_too() -> None:
    assert read(WHOLE) == MEMBERS
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == MEMBERS


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_single_changed_byte_is_accepted(place: int, mask: int) -> None:
    changed = bytearray(WHOLE)
    changed[place] ^= mask
    with pytest.raises(Problems):
        read(bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 29, 30, 60, len(WHOLE) - 30, len(WHOLE) - 1])
def test_a_truncated_container_is_refused(length: int) -> None:
    with pytest.raises(Problems):
        read(WHOLE[:length])


def test_bytes_before_or_after_the_container_are_refused() -> None:
    for content in (b"x" + WHOLE, WHOLE + b"x", WHOLE + WHOLE):
        with pytest.raises(Problems):
            read(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_rezipped_bundle_is_refused(method: int) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as other:
        for name, content in MEMBERS.items():
            other.writestr(name, content)
    with pytest.raises(Problems, match="wrote it"):
        read(sink.getvalue())


@pytest.mark.parametrize("name", ["../etc/passwd", "/etc/passwd", "a/b", "RUN.JSON", "run\x00.json", "", "é.json", "a" * 200, ".hidden", "C:\\x"])
def test_a_member_with_a_hostile_name_is_refused(name: str) -> None:
    with pytest.raises((Problems, UnicodeEncodeError)):
        read(container.write({name: b"x"}))


def test_a_name_twice_is_refused() -> None:
    one = container.write({"a.json": b"1"})
    local = one[: one.index(b"PK\x01\x02")]
    with pytest.raises(Problems, match="each member once"):
        read(local + local + b"PK\x05\x06")


def test_too_many_or_too_large_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problems, match="at most 16"):
        read(container.write({f"{n}.json": b"" for n in range(17)}))
    monkeypatch.setattr(container, "LARGEST_MEMBER_BYTES", 10)
    with pytest.raises(Problems, match="at most 10 bytes"):
        read(WHOLE)


def test_a_declared_size_is_never_trusted_to_allocate() -> None:
    lying = bytearray(WHOLE)
    lying[18:26] = (90 * 1024 * 1024).to_bytes(4, "little") * 2
    with pytest.raises(Problems, match="whole member"):
        read(bytes(lying))
