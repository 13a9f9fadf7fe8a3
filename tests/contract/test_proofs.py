"""Inclusion and consistency are RFC 6962's, for every pair of sizes to 300, and whatever else is sent is refused with the typed error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from runner.contract import merkle, proofs
from runner.contract.problems import Problems
from tests.contract.leaves import Tree, leaf
from tests.contract.rfc_trees import Leaves

SIZE = 300
TREE = Tree(SIZE)
ROOTS = [TREE.root(size) for size in range(SIZE + 1)]
RFC = Leaves([leaf(position) for position in range(SIZE)])
LEAF_HASHES = [merkle.leaf_hash(leaf(position)) for position in range(SIZE)]


def _inclusions(most: int = SIZE) -> Iterator[tuple[int, int]]:
    return ((index, size) for size in range(1, most + 1) for index in range(size))


def _consistencies(most: int = SIZE) -> Iterator[tuple[int, int]]:
    return ((m, n) for n in range(1, most + 1) for m in range(1, n + 1))


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for position in range(SIZE):
        tree.append_entry(leaf(position))
    return tree


def _refused(index: int, size: int, proof: list[bytes], root: bytes, leaf_hash: bytes = LEAF_HASHES[5]) -> None:
    with pytest.raises(Problems) as caught:
        proofs.verify_inclusion(leaf_hash, index, size, proof, root)
    assert caught.value.codes == ("bad-proof",)


def _inconsistent(m: int, n: int, proof: list[bytes], root_m: bytes, root_n: bytes) -> None:
    with pytest.raises(Problems) as caught:
        proofs.verify_consistency(m, n, proof, root_m, root_n)
    assert caught.value.codes == ("bad-proof",)


def test_every_root_is_that_of_the_definition_and_of_another_implementation(oracle: InmemoryTree) -> None:
    assert [RFC.mth(0, size) for size in range(SIZE + 1)] == ROOTS
    assert [oracle.get_root(size) for size in range(1, SIZE + 1)] == ROOTS[1:]


def test_every_inclusion_proof_is_the_path_of_the_definition() -> None:
    for index, size in _inclusions():
        assert proofs.inclusion(index, size, TREE.hash_at) == RFC.path(index, 0, size)


def test_every_consistency_proof_is_that_of_the_definition() -> None:
    for m, n in _consistencies():
        assert proofs.consistency(m, n, TREE.hash_at) == RFC.subproof(m, 0, n, True)


def test_every_inclusion_proof_verifies_under_its_root() -> None:
    for index, size in _inclusions():
        proofs.verify_inclusion(LEAF_HASHES[index], index, size, RFC.path(index, 0, size), ROOTS[size])


def test_every_consistency_proof_verifies_under_its_roots() -> None:
    for m, n in _consistencies():
        proofs.verify_consistency(m, n, RFC.subproof(m, 0, n, True), ROOTS[m], ROOTS[n])


def test_inclusion_paths_are_those_of_another_implementation(oracle: InmemoryTree) -> None:
    # It counts leaves from one and puts the leaf's own hash in front.
    for index, size in _inclusions():
        assert [LEAF_HASHES[index], *proofs.inclusion(index, size, TREE.hash_at)] == oracle.prove_inclusion(index + 1, size).path


def test_a_proof_reads_only_rows_below_its_size() -> None:
    for index, size in _inclusions(130):
        assert all(place.row < size for group in proofs.inclusion_places(index, size) for place in group)
    for m, n in _consistencies(130):
        assert all(place.row < n for group in proofs.consistency_places(m, n) for place in group)


@given(st.data())
def test_a_proof_in_the_largest_tree_reads_few_rows(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 2**53 - 1))
    index, m = data.draw(st.integers(0, n - 1)), data.draw(st.integers(1, n))
    for groups in (proofs.inclusion_places(index, n), proofs.consistency_places(m, n)):
        assert len(groups) <= 54 and sum(map(len, groups)) <= 2 * 54
        assert all(0 <= place.row < n for group in groups for place in group)


def test_a_proof_of_a_tree_against_itself_is_empty_and_needs_equal_roots() -> None:
    assert proofs.consistency(7, 7, TREE.hash_at) == []
    proofs.verify_consistency(7, 7, [], ROOTS[7], ROOTS[7])
    _inconsistent(7, 7, [], ROOTS[7], ROOTS[8])
    _inconsistent(7, 7, [ROOTS[7]], ROOTS[7], ROOTS[7])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (6, 5), (-1, 5), (0, -1), (0, 2**53), (2**63, 2**63 + 1), (0, 2**63), (2**63, 5)])
def test_a_leaf_that_no_tree_holds_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(Problems) as caught:
        proofs.inclusion_places(index, size)
    assert caught.value.codes == ("bad-proof",)
    _refused(index, size, [], ROOTS[1])


@pytest.mark.parametrize(("m", "n"), [(0, 0), (0, 5), (6, 5), (-1, 5), (1, -1), (1, 2**53), (1, 2**63), (2**63, 2**63), (2**63, 5)])
def test_sizes_in_no_order_have_no_proof(m: int, n: int) -> None:
    with pytest.raises(Problems) as caught:
        proofs.consistency_places(m, n)
    assert caught.value.codes == ("bad-proof",)
    _inconsistent(m, n, [], ROOTS[1], ROOTS[1])


@pytest.mark.parametrize("number", [True, 5.0, "5", None])
def test_a_size_that_is_no_whole_number_is_refused(number: object) -> None:
    _refused(0, number, [], ROOTS[1])  # type: ignore[arg-type]
    _inconsistent(1, number, [], ROOTS[1], ROOTS[1])  # type: ignore[arg-type]


def test_hashes_that_are_no_bytes_are_refused() -> None:
    proof = proofs.inclusion(5, 13, TREE.hash_at)
    _refused(5, 13, [proof[0].hex(), *proof[1:]], ROOTS[13])  # type: ignore[list-item]
    _refused(5, 13, [None, *proof[1:]], ROOTS[13])  # type: ignore[list-item]


def test_all_hashes_of_a_wrong_length_are_told_at_once() -> None:
    with pytest.raises(Problems) as caught:
        proofs.verify_inclusion(bytes(31), 5, 13, [bytes(33)] * 4, bytes(32))
    assert [problem.path for problem in caught.value.problems] == ["leaf_hash", "proof[0]", "proof[1]", "proof[2]", "proof[3]"]


def test_no_inclusion_proof_fits_another_leaf_or_size() -> None:
    for index, size in _inclusions(24):
        proof = RFC.path(index, 0, size)
        for other_index, other_size in _inclusions(24):
            if (other_index, other_size) != (index, size):
                _refused(other_index, other_size, proof, ROOTS[other_size], LEAF_HASHES[index])


def test_no_consistency_proof_fits_other_sizes() -> None:
    for m, n in _consistencies(18):
        proof = RFC.subproof(m, 0, n, True)
        for other_m, other_n in _consistencies(18):
            if (other_m, other_n) != (m, n) and other_m != other_n:
                _inconsistent(other_m, other_n, proof, ROOTS[other_m], ROOTS[other_n])


def test_a_proof_of_another_depth_is_refused_even_under_the_root_that_it_leads_to() -> None:
    # The last leaf of 8 folds like the last leaf of 4 and one hash more; a log that lies about its size could show either as the other.
    for small, large in ((1, 2), (2, 4), (4, 8), (4, 64), (64, 256)):
        _refused(small - 1, small, RFC.path(large - 1, 0, large), ROOTS[large], LEAF_HASHES[large - 1])
        _refused(large - 1, large, RFC.path(small - 1, 0, small), ROOTS[small], LEAF_HASHES[small - 1])
        for m in range(1, small):
            _inconsistent(m, large, RFC.subproof(m, 0, small, True), ROOTS[m], ROOTS[small])
            _inconsistent(m, small, RFC.subproof(m, 0, large, True), ROOTS[m], ROOTS[large])


def test_what_is_wrong_with_the_length_of_a_proof_is_told() -> None:
    proof, between = proofs.inclusion(5, 13, TREE.hash_at), proofs.consistency(3, 7, TREE.hash_at)
    with pytest.raises(Problems, match=r"proof\[4\]: expected no hash beyond"):
        proofs.verify_inclusion(LEAF_HASHES[5], 5, 13, [*proof, bytes(32)], ROOTS[13])
    with pytest.raises(Problems, match=r"proof\[4\]: expected no hash beyond"):
        proofs.verify_consistency(3, 7, [*between, bytes(32)], ROOTS[3], ROOTS[7])
    with pytest.raises(Problems, match="as many as the sizes ask for"):
        proofs.verify_inclusion(LEAF_HASHES[5], 5, 13, proof[:-1], ROOTS[13])
    with pytest.raises(Problems, match="as many as the sizes ask for"):
        proofs.verify_consistency(3, 7, between[:-1], ROOTS[3], ROOTS[7])


def test_every_single_change_of_a_consistency_proof_is_refused() -> None:
    for m, n in _consistencies(40):
        proof = RFC.subproof(m, 0, n, True)
        for place, one in enumerate(proof):
            rest = (proof[:place], proof[place + 1 :])
            _inconsistent(m, n, [*rest[0], *rest[1]], ROOTS[m], ROOTS[n])
            _inconsistent(m, n, [*rest[0], one, one, *rest[1]], ROOTS[m], ROOTS[n])
            _inconsistent(m, n, [*rest[0], bytes([one[0] ^ 128]) + one[1:], *rest[1]], ROOTS[m], ROOTS[n])


def test_a_history_rewritten_below_the_old_size_has_no_proof() -> None:
    forged = Leaves([b"forged" if position == 3 else leaf(position) for position in range(64)])
    for m, n in _consistencies(64):
        if 4 <= m < n:
            _inconsistent(m, n, forged.subproof(m, 0, n, True), ROOTS[m], forged.mth(0, n))
