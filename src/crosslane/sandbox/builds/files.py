"""Artifacts on disk: ZIP files taken apart into a folder, and files of a folder put into one.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts (2026-11-25)
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from crosslane.sandbox.builds.buildspec import Artifact


class NoFilesError(Exception):
    """Nothing matches an artifact's paths."""


def unpack(data: bytes, folder: Path) -> None:
    """Writes what is in a ZIP file, with its modes and symbolic links. Raises ``zipfile.BadZipFile``, also for a name
    that leads out of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    links = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename)
            if path.is_absolute() or ".." in path.parts:
                raise zipfile.BadZipFile(f"{entry.filename} leads out of the folder")
            target, mode = folder / path, entry.external_attr >> 16
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(mode):
                links.append((target, archive.read(entry).decode("utf-8", "surrogateescape")))
                continue
            target.write_bytes(archive.read(entry))
            target.chmod(0o755 if mode & 0o100 else 0o644)
    # Last, so that nothing was written through them.
    for target, points_to in links:
        target.symlink_to(points_to)


def pack(artifact: Artifact, source: Path, say: Callable[[str], None]) -> bytes:
    """The artifact's files as a ZIP file. Raises ``NoFilesError``; paths that match nothing are only told."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(_chosen(artifact, source, say).items()):
            archive.write(path, name)
    return written.getvalue()


def _chosen(artifact: Artifact, source: Path, say: Callable[[str], None]) -> dict[str, Path]:
    """Files by their names in the artifact."""
    bases = _bases(artifact.base_directory, source)
    if not bases:
        raise NoFilesError(f"no matching base directory path found for {artifact.base_directory}")
    found: dict[str, Path] = {}
    matched = dict.fromkeys(artifact.files, False)
    excluded = [_pattern(path) for path in artifact.exclude_paths]
    wanted = [(given, _pattern(_inside(given, source))) for given in artifact.files]
    for base in bases:
        for name in _files(base):
            hits = [given for given, pattern in wanted if pattern.fullmatch(name)]
            if not hits or any(pattern.fullmatch(name) for pattern in excluded):
                continue
            matched.update(dict.fromkeys(hits, True))
            found[PurePosixPath(name).name if artifact.discard_paths else name] = base / name
    for given, hit in matched.items():
        if not hit:
            say(f"Skipping invalid file path {given}")
    if not found:
        raise NoFilesError("no matching artifact paths found")
    return found


def _bases(base: str | None, source: Path) -> Sequence[Path]:
    if base is None:
        return (source,)
    wanted = _pattern(_inside(base, source))
    if wanted.fullmatch("") or base in (".", "./"):
        return (source,)
    return [folder for folder in _folders(source) if wanted.fullmatch(folder.relative_to(source).as_posix())]


def _folders(source: Path) -> Iterator[Path]:
    for folder, below, _ in os.walk(source):
        below.sort()
        yield from (Path(folder) / name for name in below)


def _files(base: Path) -> Iterator[str]:
    for folder, below, names in os.walk(base):
        below.sort()
        for name in sorted(names):
            path = Path(folder) / name
            if path.is_file():
                yield path.relative_to(base).as_posix()


def _inside(path: str, source: Path) -> str:
    """A path as seen from the source folder."""
    prefix = f"{source.as_posix()}/"
    return path.removeprefix(prefix).removeprefix("./").rstrip("/")


def _pattern(path: str) -> re.Pattern[str]:
    """``**/`` is any number of folders, ``*`` and ``?`` stay in one."""
    written, rest = "", path
    while rest:
        if rest.startswith("**/"):
            written, rest = written + "(?:.*/)?", rest[3:]
        elif rest.startswith("**"):
            written, rest = written + ".*", rest[2:]
        else:
            written += {"*": "[^/]*", "?": "[^/]"}.get(rest[0], re.escape(rest[0]))
            rest = rest[1:]
    return re.compile(written, re.DOTALL)
