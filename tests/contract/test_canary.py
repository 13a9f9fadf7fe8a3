"""Secrets and identities are found wherever they hide; versions that look like addresses are not."""

from __future__ import annotations

import pytest

from runner.contract.canary import scan
from tests.builders import executor, methodology_tree

LEAKS = {
    "private-key": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ",
    "lynxweb-token": "lynxweb_ab12.ABCDEFGHIJKLMNOPQRSTUV",
    "github-token": "ghp_" + "a" * 36,
    "gitlab-token": "glpat-" + "a" * 20,
    "aws-key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "google-key": "AIza" + "a" * 35,
    "slack-token": "xoxb-1234567890-abc",
    "hub-token": "hf_" + "a" * 34,
    "index-token": "pypi-" + "a" * 60,
    "api-key": "sk-" + "a" * 40,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
    "url-password": "https://me:secret@host/x",
    "bearer": "Authorization: Bearer abcdef",
    "gpu-uuid": "GPU-12345678-1234-1234-1234-123456789abc",
    "mac-address": "00:1a:2b:3c:4d:5e",
    "ipv4": "seen from 192.168.1.20 today",
    "ipv6": "fe80:0:0:0:1:2:3:4",
    "home-path": "/home/alice/model.onnx",
    "e-mail": "alice@example.com",
}


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("place", ["value", "key", "list"])
def test_a_leak_is_named_by_kind_and_place_and_not_repeated(name: str, place: str) -> None:
    leak = LEAKS[name]
    document = {"value": {"notes": leak}, "key": {leak: 1}, "list": {"notes": ["x", leak]}}[place]
    found = list(scan(document, "run.json"))
    assert any(name in problem.found for problem in found)
    assert all(leak not in problem.found for problem in found)


@pytest.mark.parametrize("version", ["9.24.0.43", "13.0.3.0", "6.1.0-18-amd64", "5.15.153.1"])
def test_a_version_is_not_an_address(version: str) -> None:
    assert list(scan({"kernel_libs": {"value": {"cudnn": version}}}, "executor")) == []
    assert [problem.code for problem in scan({"notes": "10.0.0.1"}, "run.json")] == ["canary"]


def test_ordinary_documents_hold_no_canary() -> None:
    assert list(scan(executor().model_dump(mode="json"), "executor")) == []
    assert list(scan(methodology_tree(), "methodology")) == []
