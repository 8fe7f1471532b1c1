"""The `platform/` folder is a source root and never becomes a package (design section 3)."""

import platform
import sysconfig
from pathlib import Path

import config
import devstack

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCE_ROOT = CHECKOUT / "platform"


def test_platform_is_the_standard_library_s() -> None:
    assert platform.__file__ is not None
    assert Path(platform.__file__).parent == Path(sysconfig.get_paths()["stdlib"])


def test_the_source_root_holds_packages_and_nothing_else() -> None:
    """An `__init__.py` or a module here would shadow what httpx, uuid and Celery import."""
    assert [path.name for path in SOURCE_ROOT.iterdir() if path.is_file()] == []


def test_its_packages_are_imported_from_there() -> None:
    assert [Path(package.__file__ or "").parent for package in (config, devstack)] == [
        SOURCE_ROOT / "config",
        SOURCE_ROOT / "devstack",
    ]
