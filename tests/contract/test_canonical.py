"""Canonical bytes agree with RFC 8785 inside the profile, and everything outside the profile is refused by name."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.contract.canonical import LARGEST_INTEGER, MOST_PROBLEMS, decode, digest, encode
from runner.contract.problems import Problems

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
keys = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=10)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)

# Vectors published with RFC 8785 (its appendix and reference test data) that lie inside the profile.
INSIDE = [
    (b'[56, {"d": true, "10": null, "1": []}]', b'[56,{"1":[],"10":null,"d":true}]'),
    (
        b'{"1": {"f": {"f": "hi", "F": 5}, "\\n": 56}, "10": {}, "": "empty", "a": {}, "111": [{"e": "yes", "E": "no"}], "A": {}}',
        None,
    ),
    (b'{"Unnormalized Unicode":"A\\u030a"}', '{"Unnormalized Unicode":"A\u030a"}'.encode()),
    (b'{"literals":[null,true,false],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/"}', None),
]


@settings(deadline=None)
@given(values)
def test_encoding_is_that_of_the_rfc_inside_the_profile(value: object) -> None:
    assert encode(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@settings(deadline=None)
@given(values)
def test_decoding_gives_back_what_was_encoded(value: object) -> None:
    assert decode(encode(value), canonical=True) == value


@pytest.mark.parametrize(("source", "expected"), INSIDE)
def test_published_vectors_inside_the_profile_encode_alike(source: bytes, expected: bytes | None) -> None:
    if b"\\n" in source and b'"10": {}' in source:
        with pytest.raises(Problems, match="printable ASCII"):
            decode(source)
        return
    value = decode(source)
    assert encode(value) == (expected or rfc8785.dumps(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "word"),
    [
        (b'{"numbers":[333333333.33333329,1E30,4.50,2e-3]}', "decimal string"),
        (b'{"peach":"This sorting order","p\xc3\xa9ch\xc3\xa9":"is wrong"}', "ASCII"),
        (b'{"\\u20ac":"Euro Sign"}', "ASCII"),
        (b'{"a":NaN}', "decimal string"),
        (b'{"a":1e400}', "decimal string"),
        (b'{"a":-0.0}', "decimal string"),
        (b'{"a":1,"a":2}', "duplicate key"),
        (b'{"a":9007199254740992}', "2\\^53"),
        (b'{"a":-9007199254740992}', "2\\^53"),
        (b'{"a":' + b"9" * 5000 + b"}", "2\\^53"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"a":"\\u0000"}', "NUL"),
        (b"[" * 100 + b"]" * 100, "levels"),
        (b"[" * 42 + b"]" * 42, "levels"),
        (b'{"a\x7f":1}', "ASCII"),
        (b'{"a":{"b\\t":1}}', "ASCII"),
        (b"[" * 200_000, "JSON"),
        (b'{"a":', "JSON"),
        (b"\xff\xfe", "UTF-8"),
        (b" " * (9 * 1024 * 1024), "bytes"),
    ],
)
def test_what_lies_outside_the_profile_is_refused_with_its_place(source: bytes, word: str) -> None:
    with pytest.raises(Problems, match=word):
        decode(source)


def test_as_many_levels_as_may_be_are_read() -> None:
    deepest = b"[" * 41 + b"]" * 41
    assert encode(decode(deepest, canonical=True)) == deepest


def test_all_errors_are_told_at_once() -> None:
    with pytest.raises(Problems) as caught:
        encode({"a": 0.5, "b": [2**53], "c": {"é": 1}})
    assert [problem.path for problem in caught.value.problems] == ["$.a", "$.b[0]", "$.c"]


def test_another_spelling_of_a_document_is_refused_where_canonical_bytes_are_asked() -> None:
    with pytest.raises(Problems, match="another spelling"):
        decode(b'{"b":1, "a":2}', canonical=True)


def test_order_of_keys_changes_no_digest() -> None:
    assert digest({"a": 1, "b": [True, None]}) == digest({"b": [True, None], "a": 1})


def test_a_boolean_is_not_an_integer() -> None:
    assert digest({"a": True}) != digest({"a": 1})


odd = (
    st.floats() | st.integers() | st.text(max_size=3) | st.binary(max_size=2) | st.just("\x00") | st.just("\ud800") | st.sampled_from([(), set(), 1j])
)


@settings(deadline=None)
@given(st.recursive(odd, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)))
def test_a_value_has_canonical_bytes_or_reasons_why_not(value: object) -> None:
    try:
        content = encode(value)
    except Problems as refused:
        assert 0 < len(refused.problems) <= MOST_PROBLEMS
    else:
        assert encode(decode(content)) == content


def test_a_document_of_errors_is_told_in_a_hundred_of_them() -> None:
    with pytest.raises(Problems) as caught:
        encode([0.5] * 1_000)
    assert len(caught.value.problems) == MOST_PROBLEMS
