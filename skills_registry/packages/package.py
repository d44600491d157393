"""Files -> Package: applies limits, parses the manifest, computes digests. Pure.

Zips (`archive.py`) and folders (`folder.py`) both go through this module, so the same rules apply.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from skills_registry.media_types import media_type

from .manifest import Manifest, parse_manifest
from .manifest_fields import SKILL_MD, Rules
from .mentioned_files import check_mentions
from .paths import check_collisions, path_params, printable
from .problems import Finding, InvalidSkill, Mend, Params, Problem, Report
from .skill_root import find_root, warn_of_inner_skills


@dataclass(frozen=True)
class Limits:
    """Limits of a package, and rules that settings change; the defaults are those of the Skills extension of MCP."""

    files: int = 512
    total_bytes: int = 16 * 1024 * 1024
    archive_bytes: int = 32 * 1024 * 1024
    allow_long_description: bool = False
    require_folder_name: bool = False
    """Whether a skill's folder must have the skill's name."""
    mend: bool = False
    """Whether to mend YAML errors in SKILL.md where that is safe."""


@dataclass(frozen=True)
class PackageFile:
    """One file of a package; `path` is relative to the skill's root."""

    path: str
    content: bytes
    sha256: str
    media_type: str
    executable: bool = False
    """Whether it has the execute permission, which the package's digest ignores."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.content)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the bytes, as stored in versions and sidecars."""
        fields = {"path": self.path, "size": self.size, "sha256": self.sha256, "media_type": self.media_type}
        return fields | {"executable": True} if self.executable else fields


@dataclass(frozen=True)
class Package:
    """A valid package: manifest, files in order of path, warnings and findings."""

    manifest: Manifest
    files: tuple[PackageFile, ...]
    digest: str
    warnings: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    @property
    def executables(self) -> frozenset[str]:
        """Paths of the executable files."""
        return frozenset(file.path for file in self.files if file.executable)


def build_package(
    paths: Collection[str],
    read: Callable[[str, int], bytes | None],
    *,
    limits: Limits,
    report: Report,
    folder: str = "",
    dropped: Collection[str] = (),
    skill: str = "",
    executables: Collection[str] = (),
) -> Package:
    """Read and check a package's files, and build the package.

    `paths` have passed `check_path`; folders end in a slash. `read(path, limit)` returns a file's bytes (at least
    `limit` + 1 of them if there are more), or None after reporting an error. `folder` is the name of the folder
    that holds them all, if known; `dropped` are paths of junk that was left out; `skill` is the required skill
    name, if any; `executables` are the paths of executable files.
    Raises InvalidSkill with the problems in `report` and all further ones.
    """
    if dropped:
        report.warning("junk-dropped", path_params(dropped))
    check_collisions(paths, report)
    files = [path for path in paths if not path.endswith("/")]
    root = find_root(files, report)
    skill_md = "" if root is None else root + SKILL_MD
    contents = _read_files(files, read, skill_md, limits, report)
    if root is None or skill_md not in contents:
        raise InvalidSkill(report.problems)
    try:
        rules = _rules(root.removesuffix("/") or folder, skill, limits)
        if limits.mend:
            contents[skill_md] = _mend(contents[skill_md], rules, report)
        manifest = _manifest(contents[skill_md], rules)
    except InvalidSkill as invalid:
        report.extend(invalid.problems)
        raise InvalidSkill(report.problems, invalid.skill_md, invalid.mended) from None
    report.extend(manifest.warnings)
    warn_of_inner_skills(files, root, report)
    check_mentions(contents[skill_md].decode(), [path.removeprefix(root) for path in files], report)
    report.raise_if_failed()
    in_order = sorted(contents, key=lambda path: path.encode())
    members = tuple(
        _package_file(path.removeprefix(root), contents[path], executable=path in executables) for path in in_order
    )
    return Package(manifest, members, package_digest(members), tuple(report.problems))


def package_digest(files: tuple[PackageFile, ...]) -> str:
    """SHA-256 (lowercase hex) of the output of `sha256sum` for the files, sorted by the bytes of their paths."""
    return hashlib.sha256("".join(f"{file.sha256}  {file.path}\n" for file in files).encode()).hexdigest()


def _package_file(path: str, content: bytes, *, executable: bool) -> PackageFile:
    return PackageFile(path, content, hashlib.sha256(content).hexdigest(), media_type(path, content), executable)


def _read_files(
    files: Collection[str], read: Callable[[str, int], bytes | None], first: str, limits: Limits, report: Report
) -> dict[str, bytes]:
    """Contents by path, up to the limits; `first` is read first, so that it is always checked."""
    if len(files) > limits.files:
        report.error("too-many-files", {"count": len(files), "limit": limits.files})
        files = [path for path in files if path == first]
    contents: dict[str, bytes] = {}
    budget = limits.total_bytes
    for path in sorted(files, key=lambda path: path != first):
        content = read(path, budget)
        if content is None:
            continue
        budget -= len(content)
        if budget < 0:
            report.error("package-too-large", {"limit": limits.total_bytes})
            break
        contents[path] = content
    return contents


def _rules(folder: str, skill: str, limits: Limits) -> Rules:
    return Rules(
        folder=folder,
        skill=skill,
        allow_long_description=limits.allow_long_description,
        require_folder_name=limits.require_folder_name,
    )


def _mend(content: bytes, rules: Rules, report: Report) -> bytes:
    """SKILL.md with mendable errors mended; each mend becomes a warning in `report`."""
    try:
        _manifest(content, rules)
    except InvalidSkill as invalid:
        if invalid.mended is None:
            return content
        shift = 0
        for mend in invalid.mended.mends:
            line = max(mend.line + shift, 1)
            report.warning("skill-md-mended", _mend_params(mend), file=SKILL_MD, line=line)
            shift += (mend.before is None) - (mend.after is None)
        return invalid.mended.text.encode()
    return content


def _mend_params(mend: Mend) -> Params:
    if mend.before is None:
        return {"case": "missing"}
    if mend.after is None and not mend.before.strip():
        return {"case": "empty-line"}
    if mend.after is None:
        return {"case": "left-out", "before": printable(mend.before)}
    return {"before": printable(mend.before)}


def _manifest(content: bytes, rules: Rules) -> Manifest:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"0x{content[error.start]:02x}"
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidSkill([Problem("skill-md-not-utf8", {"byte": byte}, SKILL_MD, line)]) from None
    try:
        return parse_manifest(text, rules)
    except InvalidSkill as invalid:
        raise InvalidSkill(invalid.problems, text, invalid.mended) from None
