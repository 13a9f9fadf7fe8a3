"""The environment is read in one place, which refuses nonsense and names the remedy."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from lynxweb import env

ROOT = Path(__file__).resolve().parents[2]


def _read(home: Path, **variables: str) -> env.Environment:
    return env.read({"LYNXWEB_HOME": str(home), **variables})


def test_nothing_set_gives_a_safe_site_in_the_data_folder(tmp_path: Path) -> None:
    found = env.read({}, default_home=tmp_path / "var")
    assert not found.debug and found.database == env.Database("sqlite", str(tmp_path / "var" / "lynxweb.sqlite3"))
    assert found.broker_url == "filesystem://" and found.storage == tmp_path / "var" / "storage"
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700


def test_the_made_secret_key_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    first, second = _read(tmp_path), _read(tmp_path)
    assert first.secret_key == second.secret_key and len(first.secret_key) >= 64
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert first.secret_key not in repr(first)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LYNXWEB_DEBUG", "maybe"),
        ("LYNXWEB_NUM_PROXIES", "-1"),
        ("LYNXWEB_NUM_PROXIES", "many"),
        ("LYNXWEB_LOG_FORMAT", "xml"),
        ("LYNXWEB_BASE_URL", "bench.example.org"),
        ("LYNXWEB_BASE_URL", "https://bench.example.org/path"),
        ("LYNXWEB_ALLOWED_HOSTS", "*"),
        ("LYNXWEB_ALLOWED_HOSTS", "https://bench.example.org"),
        ("LYNXWEB_SECRET_KEY", "short"),
        ("LYNXWEB_TOKEN_PEPPER", "short"),
        ("LYNXWEB_STORAGE_URL", "s3://bucket"),
        ("LYNXWEB_STORAGE_URL", "/just/a/path"),
        ("LYNXWEB_HOME", "/dev/null/home"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("DATABASE_URL", "postgres://localhost"),
        ("DATABASE_URL", "postgres://localhost:port/x"),
        ("CELERY_BROKER_URL", "sqla+sqlite:///x"),
        ("LYNXWEB_SECRET_KEY_FILE", "/nowhere"),
    ],
)
def test_nonsense_names_its_variable_and_a_remedy(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(env.Nonsense, match=rf"^{name}: \w+"):
        _read(**{"home": tmp_path, name: value} if name != "LYNXWEB_HOME" else {"home": Path(value)})


@pytest.mark.parametrize("name", ["LYNXWEB_SECRET_KEY", "LYNXWEB_TOKEN_PEPPER"])
def test_a_refused_secret_is_not_repeated(tmp_path: Path, name: str) -> None:
    with pytest.raises(env.Nonsense) as refused:
        _read(tmp_path, **{name: "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_the_password_of_a_refused_database_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(env.Nonsense) as refused:
        _read(tmp_path, DATABASE_URL="mysql://root:hunter2@localhost/x")
    assert "hunter2" not in str(refused.value)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "pepper").write_text("p" * 40 + "\n")
    assert _read(tmp_path, LYNXWEB_TOKEN_PEPPER_FILE=str(tmp_path / "pepper")).token_pepper == "p" * 40
    with pytest.raises(env.Nonsense, match="not both"):
        _read(tmp_path, LYNXWEB_TOKEN_PEPPER_FILE=str(tmp_path / "pepper"), LYNXWEB_TOKEN_PEPPER="q" * 40)


def test_a_postgresql_address_is_taken_apart() -> None:
    found = env.database("postgres://lynx:p%40ss@db.example.org:5433/bench?sslmode=require")
    assert found == env.Database("postgresql", "bench", "lynx", "p@ss", "db.example.org", "5433", {"sslmode": "require"})
    assert "p@ss" not in repr(found)


def test_a_sqlite_address_names_a_file() -> None:
    assert env.database("sqlite:////srv/a%20b.sqlite3").name == "/srv/a b.sqlite3"


def test_the_process_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# comment\n\nLYNXWEB_LOG_FORMAT=json\nLYNXWEB_DEBUG='1'\n")
    assert env.layered({"LYNXWEB_DEBUG": "0"}, tmp_path / ".env") == {"LYNXWEB_LOG_FORMAT": "json", "LYNXWEB_DEBUG": "0"}
    (tmp_path / ".env").write_text("nonsense\n")
    with pytest.raises(env.Nonsense, match="line 1"):
        env.layered({}, tmp_path / ".env")


def test_every_variable_is_documented_and_nothing_else_is() -> None:
    read = set(re.findall(r'"((?:LYNXWEB_[A-Z_]+|DATABASE_URL|CELERY_BROKER_URL))"', (ROOT / "lynxweb" / "env.py").read_text()))
    documented = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read == documented


def test_the_documented_twin_is_itself_accepted(tmp_path: Path) -> None:
    variables = env.layered({"LYNXWEB_HOME": str(tmp_path)}, ROOT / ".env.example")
    assert env.read(variables) == _read(tmp_path)


def test_the_signers_folder_is_beside_the_data_unless_named_and_is_not_made(tmp_path: Path) -> None:
    assert _read(tmp_path).signer_home == tmp_path / "signer"
    assert _read(tmp_path, LYNXWEB_SIGNER_HOME="/elsewhere/signer").signer_home == Path("/elsewhere/signer")
    assert not (tmp_path / "signer").exists()
    with pytest.raises(env.Nonsense, match="absolute path"):
        _read(tmp_path, LYNXWEB_SIGNER_HOME="signer")


@pytest.mark.parametrize(
    "owner",
    ["postgres://owner@h/other", "postgres://owner@elsewhere/log", "postgres://site@h/log", "sqlite:////log"],
    ids=["database", "host", "same-role", "sqlite"],
)
def test_the_owner_of_the_tables_is_another_role_on_the_same_database(tmp_path: Path, owner: str) -> None:
    site = {"DATABASE_URL": "postgres://site@h/log"}
    found = _read(tmp_path, **site, LYNXWEB_OWNER_DATABASE_URL="postgres://owner@h/log").owner
    assert found is not None and found.user == "owner"
    assert _read(tmp_path, **site).owner is None
    with pytest.raises(env.Nonsense, match="LYNXWEB_OWNER_DATABASE_URL"):
        _read(tmp_path, **site, LYNXWEB_OWNER_DATABASE_URL=owner)


def test_two_roles_need_postgresql(tmp_path: Path) -> None:
    with pytest.raises(env.Nonsense, match="two roles need PostgreSQL"):
        _read(tmp_path, LYNXWEB_OWNER_DATABASE_URL="postgres://owner@h/log")
