"""The provider of sign-ins is read from the environment whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lynxweb import env

WHOLE = {
    "LYNXWEB_OIDC_ISSUER": "https://id.example.org/realms/lab",
    "LYNXWEB_OIDC_CLIENT_ID": "lynxweb",
    "LYNXWEB_OIDC_CLIENT_SECRET": "s" * 24,
}


def _read(home: Path, **variables: str) -> env.Environment:
    return env.read({"LYNXWEB_HOME": str(home), **variables})


def test_nothing_is_demanded_and_no_provider_is_there_by_default(tmp_path: Path) -> None:
    found = _read(tmp_path)
    assert found.oidc is None and not found.require_mfa


def test_a_whole_provider_is_read_and_its_secret_is_not_shown(tmp_path: Path) -> None:
    found = _read(tmp_path, **WHOLE, LYNXWEB_OIDC_NAME="Our laboratory", LYNXWEB_REQUIRE_MFA="1")
    assert found.oidc == env.Oidc("https://id.example.org/realms/lab", "lynxweb", "s" * 24, "Our laboratory")
    assert found.require_mfa and "s" * 24 not in repr(found)


def test_the_button_names_the_host_unless_told_otherwise(tmp_path: Path) -> None:
    found = _read(tmp_path, **WHOLE | {"LYNXWEB_OIDC_ISSUER": "https://id.example.org/"})
    assert found.oidc is not None and (found.oidc.name, found.oidc.issuer) == ("id.example.org", "https://id.example.org")


def test_its_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("t" * 20 + "\n")
    rest = {name: value for name, value in WHOLE.items() if not name.endswith("SECRET")}
    found = _read(tmp_path, **rest, LYNXWEB_OIDC_CLIENT_SECRET_FILE=str(tmp_path / "secret"))
    assert found.oidc is not None and found.oidc.client_secret == "t" * 20


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_half_a_provider_is_refused(tmp_path: Path, missing: str) -> None:
    with pytest.raises(env.Nonsense, match=missing):
        _read(tmp_path, **{name: value for name, value in WHOLE.items() if name != missing})


@pytest.mark.parametrize(
    "changed",
    [
        {"LYNXWEB_OIDC_ISSUER": "http://id.example.org"},
        {"LYNXWEB_OIDC_ISSUER": "id.example.org"},
        {"LYNXWEB_OIDC_ISSUER": "https://user:word@id.example.org"},
        {"LYNXWEB_OIDC_ISSUER": "https://id.example.org/?x=1"},
        {"LYNXWEB_OIDC_ISSUER": "https://id.example.org/.well-known/openid-configuration"},
        {"LYNXWEB_OIDC_ISSUER": "javascript:alert(1)"},
        {"LYNXWEB_OIDC_CLIENT_SECRET": "short"},
        {"LYNXWEB_OIDC_NAME": "x" * 41},
        {"LYNXWEB_OIDC_NAME": "two\nlines"},
        {"LYNXWEB_REQUIRE_MFA": "perhaps"},
    ],
)
def test_nonsense_is_refused_by_name_and_without_the_secret(tmp_path: Path, changed: dict[str, str]) -> None:
    with pytest.raises(env.Nonsense, match=next(iter(changed))) as refused:
        _read(tmp_path, **WHOLE | changed)
    assert "s" * 24 not in str(refused.value)
