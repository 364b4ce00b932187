"""Makes dist/boltseal-VERSION-win64.zip and .msi, on Linux: `.venv/bin/python packaging/windows/make.py --help`.

A Python of python.org's own, the locked packages by their hashes, the rooms of the agent and a launcher, in one folder
that looks nowhere else. The same sources make the same bytes, as far as wixl lets the installer be so (README.md).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import uuid
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON_URL = "https://www.python.org/ftp/python/3.12.10/python-3.12.10-embed-amd64.zip"
PYTHON_SHA256 = "4acbed6dd1c744b0376e3b1cf57ce906f9dc9e95e68824584c8099a63025a3c3"
ROOMS = ("agent", "collectors", "config")
EXTRAS = ("agent", "directory", "mail", "ssh")
UNUSED = (
    *"PyWin32.chm adodbapi bin isapi pythonwin server win32comext".split(),
    *(f"win32/{name}" for name in "Demos include libs scripts test".split()),
    *(f"win32com/{name}" for name in "HTML demos include libs makegw servers test".split()),
)
"""Of what the wheels bring: an editor, interfaces that nobody asks, examples, tests, help, and our own server."""
TIME = (2026, 1, 1, 0, 0, 0)
"""Of every file in the package, so that the day of its making does not show."""
NAMESPACE = uuid.UUID("f3f1c6a0-54ff-4e47-8d0e-0b7a3f7c2d11")
WIX = "http://schemas.microsoft.com/wix/2006/wi"
AFTERWARDS = (
    "UPDATE `InstallExecuteSequence` SET `Sequence` = 1502 WHERE `Action` = 'RemoveExistingProducts'",
    (
        "UPDATE `Property` SET `Value` = 'ENROLMENT;WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED' "
        "WHERE `Property` = 'SecureCustomProperties'"
    ),
)
"""What wixl has no words for: an upgrade removes the old program before it brings the new one; who installs as SYSTEM
passes ENROLMENT on."""
LAUNCHER = '@"%~dp0python.exe" -I -B -m agent %*\r\n'


def main(argv: Sequence[str] | None = None) -> int:
    """Make both, and print where they are and their digests."""
    options = _options().parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        staged = Path(scratch) / "boltseal"
        stage(staged, options.python, options.sha256, Path(scratch))
        version = _version()
        made = [options.out / f"boltseal-{version}-win64.{kind}" for kind in ("zip", "msi")]
        pack(staged, made[0])
        if not options.zip_only:
            install(staged, version, made[1], Path(scratch))
    for path in made[: 1 if options.zip_only else 2]:
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--python",
        metavar="ZIP_OR_FOLDER",
        type=Path,
        help=f"an embeddable package of Python for 64-bit Windows (default: {PYTHON_URL})",
    )
    parser.add_argument("--sha256", metavar="HEX", help="what a zip must have (default: that of the default)")
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=ROOT / "dist")
    parser.add_argument("--zip-only", action="store_true", help="no installer, so no wixl is needed")
    return parser


def stage(to: Path, python: Path | None, sha256: str | None, scratch: Path) -> None:
    """The folder as it will lie on Windows."""
    if python is not None and python.is_dir():
        shutil.copytree(python, to)
    else:
        archive = python or scratch / "python.zip"
        if python is None:
            urllib.request.urlretrieve(PYTHON_URL, archive)
        _check(archive, sha256 or PYTHON_SHA256)
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(to)
    (library,) = to.glob("python3??.zip")
    tag = library.stem.removeprefix("python3")
    packages = to / "lib"
    _install_locked(packages, f"3.{tag}")
    _install_own(packages, scratch)
    for path in (packages / "pywin32_system32").glob("*.dll"):
        shutil.copy(path, to)
    for name in (*UNUSED, "pywin32_system32"):
        _remove(packages / name)
    for path in packages.rglob("__pycache__"):
        _remove(path)
    folders = (library.name, ".", "lib", r"lib\win32", r"lib\win32\lib")
    # No "import site" among them: nothing outside this folder, and no .pth file, has a say.
    (to / f"python3{tag}._pth").write_text("\r\n".join(folders) + "\r\n", newline="")
    (to / "boltseal.cmd").write_text(LAUNCHER, newline="")
    shutil.copy(ROOT / "LICENSE", to / "LICENSE-boltseal.txt")


def _check(archive: Path, sha256: str) -> None:
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != sha256.lower():
        raise SystemExit(f"make.py: {archive} has the digest {found}, not {sha256}")


def _install_locked(to: Path, version: str) -> None:
    locks = [part for name in EXTRAS for part in ("-r", ROOT / f"requirements/{name}.txt")]
    uv = Path(sys.executable).with_name("uv")
    asked = ["--no-config", "--python-platform", "x86_64-pc-windows-msvc", "--python-version", version]
    how = ["--only-binary", ":all:", "--no-deps", "--require-hashes", "--target", to]
    subprocess.run([uv, "pip", "install", "--quiet", *asked, *how, *locks], check=True)
    _remove(to / ".lock")


def _install_own(to: Path, scratch: Path) -> None:
    """Our wheel, from a copy of the tracked sources: nothing that lies about in the checkout gets in."""
    source = scratch / "source"
    source.mkdir()
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if name.startswith(("agent/", "collectors/", "config/", "server/")) or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", scratch, source]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = scratch.glob("boltseal-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(to)


def pack(staged: Path, to: Path) -> None:
    """The zip: sorted, with one time."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(staged):
            entry = zipfile.ZipInfo(f"boltseal/{path.relative_to(staged).as_posix()}", TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, path.read_bytes())


def install(staged: Path, version: str, to: Path, scratch: Path) -> None:
    """The installer."""
    for path in _files(staged):
        os.utime(path, (1_767_225_600, 1_767_225_600))  # TIME
    ET.register_namespace("", WIX)
    tree = ET.parse(HERE / "boltseal.wxs")  # noqa: S314  our own file
    product = tree.getroot()[0]
    digest = hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in _files(staged)))
    product.set("Version", version)
    product.set("Id", str(uuid.uuid5(NAMESPACE, f"product {version}")))
    (feature,) = product.iter(f"{{{WIX}}}Feature")
    (folder,) = (each for each in product.iter(f"{{{WIX}}}Directory") if each.get("Id") == "INSTALLDIR")
    _describe(folder, feature, staged, staged)
    filled = scratch / "filled.wxs"
    tree.write(filled, "utf-8", xml_declaration=True)
    command = ["wixl", "--arch", "x64", "--output", to.absolute(), filled.name]
    subprocess.run(command, check=True, cwd=scratch)
    for query in AFTERWARDS:
        subprocess.run(["msibuild", to, "-q", query], check=True)
    package = str(uuid.uuid5(NAMESPACE, f"package {version} {digest.hexdigest()}"))
    about = ("Boltseal agent", "Boltseal", "x64;1033", f"{{{package.upper()}}}")
    subprocess.run(["msibuild", to, "-s", *about], check=True)


def _describe(folder: ET.Element, feature: ET.Element, path: Path, top: Path) -> None:
    """One component for each file, with an id that depends on its place alone, so that upgrades keep it."""
    for each in sorted(path.iterdir()):
        place = each.relative_to(top).as_posix()
        own = hashlib.sha256(place.encode()).hexdigest()[:24]
        if each.is_dir():
            below = ET.SubElement(folder, f"{{{WIX}}}Directory", Id=f"d{own}", Name=each.name)
            _describe(below, feature, each, top)
            continue
        name = "python.exe" if place == "python.exe" else f"f{own}"  # what boltseal.wxs calls
        guid = str(uuid.uuid5(NAMESPACE, place))
        part = ET.SubElement(folder, f"{{{WIX}}}Component", Id=f"c{own}", Guid=guid, Win64="yes")
        ET.SubElement(
            part, f"{{{WIX}}}File", Id=name, Name=each.name, Source=f"{top.name}/{place}", KeyPath="yes"
        )
        ET.SubElement(feature, f"{{{WIX}}}ComponentRef", Id=f"c{own}")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _version() -> str:
    sys.path.insert(0, str(ROOT))
    from config import __version__

    return __version__


if __name__ == "__main__":
    sys.exit(main())
