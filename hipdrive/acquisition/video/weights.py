"""The store of network weights in the user's own data folder: brought there once, by hand or by pip, never at run time.

Networks are known by their sha256; nothing else is kept or run. HIPDRIVE_POSE names another folder.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from hipdrive import disk
from hipdrive.errors import ReadError, StoreError, UsageError

DETECTOR, LANDMARKS = "detector", "landmarks"
BUNDLE = "bundle"

WHEEL = "mediapipe==0.10.21"
"""The last wheels that hold the networks themselves; later ones load them from a hub."""


@dataclass(frozen=True)
class Known:
    """A network, or a bundle of both, whose contents are known. file : its name in the store."""

    role: str
    file: str
    what: str

    @property
    def roles(self) -> tuple[str, ...]:
        """What it is: a detector, landmarks, or both."""
        return (DETECTOR, LANDMARKS) if self.role == BUNDLE else (self.role,)


KNOWN: Mapping[str, Known] = MappingProxyType({
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c":
        Known(DETECTOR, "pose_detection.tflite", "person detector, mediapipe wheels to 0.10.21"),
    "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe":
        Known(LANDMARKS, "pose_landmark_heavy.tflite", "landmarks (heavy), npm's @mediapipe/pose"),
    "64437af838a65d18e5ba7a0d39b465540069bc8aae8308de3e318aad31fcbc7b":
        Known(BUNDLE, "pose_landmarker_heavy.task", "detector and landmarks (heavy), pose_landmarker_heavy.task"),
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f":
        Known(LANDMARKS, "pose_landmark_full.tflite", "landmarks (full), mediapipe wheels to 0.10.21"),
    "4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad":
        Known(BUNDLE, "pose_landmarker_full.task", "detector and landmarks (full), pose_landmarker_full.task"),
    "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61":
        Known(LANDMARKS, "pose_landmark_lite.tflite", "landmarks (lite), npm's @mediapipe/pose"),
    "59929e1d1ee95287735ddd833b19cf4ac46d29bc7afddbbf6753c459690d574a":
        Known(BUNDLE, "pose_landmarker_lite.task", "detector and landmarks (lite), pose_landmarker_lite.task"),
    "46837eb883e6ec75b52c5f5ff6a9b78bd35e66c13f95e8c3566c582d146cb1d9":
        Known(DETECTOR, "pose_detector.tflite", "person detector, pose_landmarker .task"),
    "ad6cfd3c903eb31a4ee788b809e45ecf9fa69923b69b9f3f2d9ae616ff433e58":
        Known(LANDMARKS, "pose_landmarks_lite.tflite", "landmarks (lite), pose_landmarker_lite.task"),
})  # fmt: skip
"""Files of networks by sha256, the best of each role first. Those of mediapipe's own list of assets, and of the three
bundles of its model page (float16, version 1), which many who pin them agree on."""

MEMBERS = {DETECTOR: "pose_detector.tflite", LANDMARKS: "pose_landmarks_detector.tflite"}
"""What a bundle calls its networks."""

NETWORK = re.compile(r"pose[a-z_]*\.tflite", re.IGNORECASE)
"""Names of members of an archive that may be one of them."""

MOST, LARGEST, DIRECTORY = 200 * 2**20, 40 * 2**20, 8 * 2**20
"""Bytes of a file that is imported, of a network, and of an archive's table of contents: beyond is damage or malice."""

NOTICE = """\
Networks for poses (BlazePose), kept here by hipdrive.

{networks}
They are the work of the MediaPipe authors (Google LLC) and are licensed under the Apache License, Version 2.0:
the file LICENSE beside this one where the source held it, else https://www.apache.org/licenses/LICENSE-2.0.
Nothing in them was changed.
"""


@dataclass(frozen=True)
class Weights:
    """The contents of the two networks, and what to tell of them."""

    detector: bytes
    landmarks: bytes
    facts: Mapping[str, str]


def folder() -> Path:
    """Where networks are kept: HIPDRIVE_POSE, else the place where this system keeps data of a user's programs."""
    named = os.environ.get("HIPDRIVE_POSE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "hipdrive" / "pose"


def available() -> dict[str, Known]:
    """The files of the store that are whole, by sha256; the best of each role first."""
    return {digest: one for digest, one in KNOWN.items() if _kept(digest) is not None}


def weights() -> Weights:
    """The best networks of the store, read and checked.

    Raises
    ------
    ReadError : one is missing or damaged.
    """
    contents: dict[str, bytes | None] = {}
    for role in (DETECTOR, LANDMARKS):
        held = (_network(digest, role) for digest, one in KNOWN.items() if role in one.roles)
        contents[role] = next((content for content in held if content is not None), None)
    detector, landmarks = contents[DETECTOR], contents[LANDMARKS]
    if detector is None or landmarks is None:
        missing = " and ".join(role for role, content in contents.items() if content is None)
        raise ReadError("no_weights", f"{folder()}: there is no network for {missing}; bring both once with "
                        "`hipdrive pose fetch`, or `hipdrive pose import FILE` without a network")  # fmt: skip
    facts = {f"{role}_sha256": hashlib.sha256(content or b"").hexdigest() for role, content in contents.items()}
    return Weights(detector, landmarks, MappingProxyType(facts))


def import_file(path: Path, *, origin: str = "") -> dict[str, Known]:
    """Keep the known networks of a mediapipe wheel, a .task bundle or a .tflite file; what was kept, by sha256.

    origin : what the notice beside them calls the source, by default the file's name.

    Raises
    ------
    ReadError : the file holds no network that is known, or is damaged. StoreError : they cannot be kept.
    """
    try:
        size = path.stat().st_size
        if size > MOST:
            raise ReadError("too_large", f"{path}: is larger than {MOST >> 20} MB, so it is no file of networks")
        with path.open("rb") as file:
            zipped = file.read(4) == b"PK\x03\x04"
        whole = [(path.name, _bounded(path))] if size <= LARGEST or not zipped else []
        bundle = [one for one in whole if hashlib.sha256(one[1]).hexdigest() in KNOWN]
        found, licence = _members(path) if zipped and not bundle else (whole, b"")
    except OSError as why:
        raise ReadError("read", f"{path}: cannot be read ({why.strerror or why}); give a mediapipe wheel, a .task or a "
                        ".tflite file") from None  # fmt: skip
    known = {hashlib.sha256(content).hexdigest(): content for _, content in found}
    good = {digest: content for digest, content in known.items() if digest in KNOWN}
    if not good:
        raise ReadError("unknown_network", f"{path}: {_unknown(found)}; give the wheel of {WHEEL}, or "
                        "pose_landmarker_full.task, _heavy or _lite")  # fmt: skip
    _keep(good, licence, origin or path.name)
    return {digest: KNOWN[digest] for digest in good}


def fetch() -> dict[str, Known]:
    """Let pip download the wheel of mediapipe and keep its networks; what was kept, by sha256.

    The wheel is only unpacked, never installed or run, so one platform's serves all.

    Raises
    ------
    UsageError : there is no pip here. ReadError : it could not download the wheel.
    """
    with tempfile.TemporaryDirectory(prefix="hipdrive-", ignore_cleanup_errors=True) as where:
        command = [*find_pip(), "download", WHEEL, "--dest", where, "--no-deps", "--only-binary=:all:", "--platform",
                   "manylinux_2_28_x86_64", "--python-version", "311", "--implementation", "cp", "--abi", "cp311",
                   "--no-input", "--disable-pip-version-check", "--quiet"]  # fmt: skip
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1800,
                                  errors="replace", env=_environment())  # fmt: skip
        except (OSError, subprocess.SubprocessError) as why:
            raise ReadError("pip", f"pip could not be run ({why}); {_by_hand()}") from None
        wheels = sorted(Path(where).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            raise ReadError("pip", f"pip could not download {WHEEL}: {_why(done.stderr)}; {_by_hand()}")
        return import_file(wheels[0], origin=f"{WHEEL} ({wheels[0].name}), downloaded by pip")


def find_pip() -> list[str]:
    """Command of a pip: that of this Python, of the one it was made from, or one on the path.

    Raises
    ------
    UsageError : there is none.
    """
    base = getattr(sys, "_base_executable", None) or sys.executable
    for command in ([sys.executable, "-m", "pip"], [base, "-m", "pip"], ["pip3"], ["pip"]):
        try:
            done = subprocess.run([*command, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                                  env=_environment())  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            continue
        if done.returncode == 0:
            return command
    raise UsageError("no_pip", f"there is no pip here to download {WHEEL} with; {_by_hand()}")


def _by_hand() -> str:
    return (f"on any computer with a network, `pip download --no-deps --only-binary=:all: --python-version 311 "
            f"--platform manylinux_2_28_x86_64 {WHEEL}`, then here `hipdrive pose import FILE`")  # fmt: skip


def _environment() -> dict[str, str]:
    """For pip, without what would make it or its Python look elsewhere."""
    elsewhere = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DEST", "PYTHONPATH", "PYTHONHOME"}
    return {name: value for name, value in os.environ.items() if name not in elsewhere}


def _why(said: str) -> str:
    """The reason in what pip said."""
    if re.search("ConnectionError|ConnectTimeout|ReadTimeout|name resolution|ProxyError|Max retries", said):
        return "the package index cannot be reached"
    errors = re.findall(r"^\s*(?:ERROR|error): (.*)$", said, re.MULTILINE)
    return str(errors[-1]).rstrip(". ")[:200] if errors else "it did not say why"


# --- archives, which nobody vouches for ---


def _members(path: Path) -> tuple[list[tuple[str, bytes]], bytes]:
    """Networks in an archive, and its licence; nothing of it is ever written under the archive's own names."""
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            named = [(one.filename.replace("\\", "/").rpartition("/")[2], one) for one in archive.infolist()]
            found = [(name, _unpacked(archive, one)) for name, one in named if NETWORK.fullmatch(name)][:8]
            licences = [one for name, one in named if name == "LICENSE" and one.file_size < 2**17]
            licence = _unpacked(archive, licences[0]) if licences else b""
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as why:
        raise ReadError("damaged", f"{path}: is a damaged archive ({why}); download it again") from None
    return found, licence


def _check_directory(path: Path) -> None:
    """Refuse a table of contents that would fill the memory before the first member is looked at."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 2**16 - 42))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    long = tail.rfind(b"PK\x06\x07", 0, max(end, 0)) >= 0
    if end < 0 or len(tail) < end + 16 or long or struct.unpack("<I", tail[end + 12 : end + 16])[0] > DIRECTORY:
        raise ReadError("damaged", f"{path}: is no whole archive of a size that wheels have; download it again")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's content, whatever size its header claims."""
    with archive.open(member) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ReadError("too_large", f"{archive.filename}: {member.filename[:80]!r} is larger than any network for "
                        "poses; download the file again")  # fmt: skip
    return content


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ReadError("too_large", f"{path}: is larger than any network for poses")
    return content


def _unknown(found: Sequence[tuple[str, bytes]]) -> str:
    if not found:
        return "holds no network for poses (mediapipe after 0.10.21 holds none)"
    name, content = found[0]
    return (f"{name!r} is no network that hipdrive knows (sha256 {hashlib.sha256(content).hexdigest()[:16]}...), so "
            "nobody knows what it says of a body")  # fmt: skip


# --- the folder ---


def _kept(digest: str) -> bytes | None:
    """The content of a network in the store, None where it is missing or not what it should be."""
    try:
        content = _bounded(folder() / KNOWN[digest].file)
    except (OSError, ReadError):
        return None
    return content if hashlib.sha256(content).hexdigest() == digest else None


def _network(digest: str, role: str) -> bytes | None:
    """The network of a role in a file of the store, None where the file is missing or not what it should be."""
    content = _kept(digest)
    if content is None or KNOWN[digest].role != BUNDLE:
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _unpacked(archive, archive.getinfo(MEMBERS[role]))


def _keep(networks: Mapping[str, bytes], licence: bytes, origin: str) -> None:
    """Write networks, each at once and whole; the licence goes first, so that none is ever without it."""
    where = folder()
    try:
        where.mkdir(parents=True, exist_ok=True)
        if licence:
            _write(where / "LICENSE", licence)
        before = {digest: line for digest, line in _origins(where) if digest not in networks and digest in KNOWN}
        lines = before | {digest: f"{KNOWN[digest].file}: {KNOWN[digest].what}; from {origin}" for digest in networks}
        listed = "".join(f"{line}\n    sha256 {digest}\n" for digest, line in sorted(lines.items()))
        _write(where / "NOTICE", NOTICE.format(networks=listed).encode("utf-8"))
        for digest, content in networks.items():
            _write(where / KNOWN[digest].file, content)
    except OSError as why:
        raise StoreError("weights", f"{where}: nothing can be kept there ({why.strerror or why}); make room or name "
                         "another folder in HIPDRIVE_POSE") from None  # fmt: skip


def _origins(where: Path) -> Iterator[tuple[str, str]]:
    """What the notice says of networks that are there already."""
    try:
        with (where / "NOTICE").open(encoding="utf-8", errors="replace") as file:
            text = file.read(2**16)
    except FileNotFoundError:
        return
    for line, digest in re.findall(r"^(\S.*)\n    sha256 ([0-9a-f]{64})$", text, re.MULTILINE):
        yield digest, line


def _write(path: Path, content: bytes) -> None:
    """A file that is there whole or as it was before."""
    with disk.draft(path) as stream:
        stream.write(content)
