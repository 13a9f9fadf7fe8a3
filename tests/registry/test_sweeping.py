"""A start removes what a crash left behind, and nothing that a run owns."""

from __future__ import annotations

from pathlib import Path

from lynxweb.registry import storage
from lynxweb.registry.sweeping import sweep
from tests.registry.world import World, bundle_of, upload


def crashed(content: bytes) -> None:
    """What a kill -9 between placing the files and the commit leaves."""
    import io

    from lynxweb.registry import filing
    from runner.contract import bundle

    path, handle = storage.new_upload()
    with handle:
        handle.write(content)
    filing.place(filing.files_of(bundle.read(io.BytesIO(content))))
    assert path.exists()


def files(folder: Path) -> set[str]:
    """Every file of the site's storage and incoming folder."""
    return {path.name for path in folder.rglob("*") if path.is_file() and "keys" not in path.parts}


def test_the_files_of_an_upload_that_was_never_committed_go(site: World, own_folders: Path) -> None:
    crashed(bundle_of(site))
    assert sweep() == 1 and files(own_folders) == set()


def test_files_that_an_accepted_run_owns_stay(site: World, own_folders: Path) -> None:
    upload(site, bundle_of(site))
    owned = files(own_folders)
    crashed(bundle_of(site, notes="the same samples in another run"))
    sweep()
    assert files(own_folders) == owned


def test_half_an_upload_goes(site: World, own_folders: Path) -> None:
    path, handle = storage.new_upload()
    with handle:
        handle.write(bundle_of(site)[:500])
    assert sweep() == 1 and not path.exists()


def test_half_a_file_in_storage_goes_with_its_upload(site: World, own_folders: Path) -> None:
    crashed(bundle_of(site))
    some = next(path for path in (own_folders / "storage").rglob("*") if path.is_file())
    some.rename(some.with_name(f".{some.name}.0123456789abcdef"))
    sweep()
    assert files(own_folders) == set()
