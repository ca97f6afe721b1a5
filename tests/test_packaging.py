"""What is built holds the package, whole and alone, and the links at the root stay links."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import hipdrive

ROOT = Path(__file__).resolve().parents[1]
LINKS = ("acquisition", "analysis", "gui", "hardware")


def package_files(root: Path) -> set[str]:
    """Every file of the package, data files too, as the wheel should name it."""
    files = (path for path in (root / "hipdrive").rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in files if "__pycache__" not in path.parts}


def build(root: Path, into: Path, target: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return next(into.glob("*.whl" if target == "wheel" else "*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("sdist"), "sdist")


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_is_the_package_alone(wheel: Path) -> None:
    names = names_in(wheel)
    assert {name for name in names if ".dist-info/" not in name} == package_files(ROOT)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_wheel_says_who_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        folder = next(name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name)
        metadata = Parser().parsestr(archive.read(f"{folder}/METADATA").decode())
        scripts = archive.read(f"{folder}/entry_points.txt").decode()
    assert metadata["Version"] == hipdrive.__version__
    assert metadata["License-Expression"] == "GPL-3.0-or-later"
    assert metadata["Requires-Python"] == ">=3.11"
    assert "hipdrive = hipdrive.__main__:main" in scripts


def test_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        assert not [member.name for member in archive if member.issym() or member.islnk()]
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
        archive.extractall(tmp_path, filter="data")
    assert tops.isdisjoint(LINKS)
    assert {"hipdrive", "tests", "run.py", "pyproject.toml", "LICENSE"} <= tops
    again = build(next(tmp_path.iterdir()), tmp_path, "wheel")
    assert names_in(again) == names_in(wheel)


@pytest.mark.parametrize("name", LINKS)
def test_links_at_the_root(name: str) -> None:
    link = ROOT / name
    if not os.path.lexists(link):
        pytest.skip("not a clone of the repository")
    if link.is_symlink():
        assert link.readlink() == Path("hipdrive", name)
        assert link.is_dir()
    else:  # where links are not supported git writes a file that holds the target
        assert link.read_text() == f"hipdrive/{name}"


def test_licence_is_the_gpl() -> None:
    first, second = (ROOT / "LICENSE").read_text(encoding="utf-8").split("\n")[:2]
    assert first.strip() == "GNU GENERAL PUBLIC LICENSE"
    assert second.strip().startswith("Version 3,")


def test_every_dependency_has_a_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert all(">=" in dependency for dependency in project["dependencies"])
