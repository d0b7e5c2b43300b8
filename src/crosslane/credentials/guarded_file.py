"""Files that hold secrets: read whole, replaced whole, by one process at a time.

A writer holds the lock beside each file, writes all new contents to temporary files of mode 0600, brings
them to the disk and only then renames them into place, one after the other. Whoever reads sees an old file
or a new one, never half of one; whoever is killed leaves at most a temporary file, which the next writer
removes. A symbolic link stays and the file it leads to is replaced.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from crosslane.errors import EnvironmentFailure

try:
    import fcntl
except ImportError:  # Windows: importable, and writers are not kept apart
    fcntl = None  # type: ignore[assignment]

LOCK_SUFFIX = ".crosslane-lock"
BACKUP_SUFFIX = ".crosslane-backup"
TEMPORARY_SUFFIX = ".crosslane-new"
"""One name a file is enough: only the holder of the lock writes it."""

LOCK_SECONDS = 30.0
"""How long to wait for another process; a writer holds the lock for milliseconds."""


def target_of(path: Path) -> Path:
    """The file that ``path`` leads to, through symbolic links, dangling ones too."""
    return Path(os.path.realpath(path))


def read_bytes(path: Path) -> bytes:
    """The contents; empty where there is no such file. ``EnvironmentFailure`` where it cannot be read."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise _failure("read", path, error) from error


@contextmanager
def locked(
    targets: Sequence[Path],
    *,
    seconds: float = LOCK_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Keep other writers of these files out, wait up to ``seconds`` for them, and clear away what killed
    ones left.

    Makes missing folders (mode 0700). Always takes the locks in the order of their paths, so that two
    writers cannot wait for each other. ``EnvironmentFailure`` for a folder that cannot be written, or after
    the time is up.
    """
    deadline = clock() + seconds
    with ExitStack() as held:
        for target in sorted(set(targets)):
            _make_folder(target.parent)
            held.enter_context(_lock(target, deadline, sleep, clock))
            with suppress(FileNotFoundError):
                _beside(target, TEMPORARY_SUFFIX).unlink()
        yield


def replace_all(contents: Mapping[Path, bytes], backed_up: Collection[Path]) -> None:
    """Replace each target by its new contents; the caller holds their locks. The order of renaming is the mapping's.

    Of the files in ``backed_up`` that exist, a copy is kept beside each, unless there is one already. Nothing is
    replaced if any of the new contents cannot be written (``EnvironmentFailure``), a full disk included.
    """
    temporary: list[tuple[Path, Path]] = []
    try:
        for target, content in contents.items():
            try:
                if target in backed_up:
                    _back_up(target)
                temporary.append((_write_beside(target, content, TEMPORARY_SUFFIX), target))
            except OSError as error:
                raise _failure("write", target, error) from error
        for source, target in temporary:
            try:
                source.replace(target)
                _sync_folder(target.parent)
            except OSError as error:
                raise _failure("replace", target, error) from error
    finally:
        for target in contents:
            with suppress(OSError):
                _beside(target, TEMPORARY_SUFFIX).unlink()


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(target.name + suffix)


def _back_up(target: Path) -> None:
    backup = _beside(target, BACKUP_SUFFIX)
    if target.exists() and not os.path.lexists(backup):
        copy = _write_beside(target, target.read_bytes(), TEMPORARY_SUFFIX)
        copy.chmod(0o600)
        copy.replace(backup)


def _write_beside(target: Path, content: bytes, suffix: str) -> Path:
    """A new file beside ``target``: never wider than 0600, and as narrow and owned by whom the target is."""
    path = _beside(target, suffix)
    with suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        with suppress(FileNotFoundError):
            _take_over(descriptor, target.stat())
        os.fsync(descriptor)
    return path


def _take_over(descriptor: int, status: os.stat_result) -> None:
    if not hasattr(os, "fchmod"):
        return
    os.fchmod(descriptor, status.st_mode & 0o600)
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):  # run with sudo, the file is to stay its owner's
            os.fchown(descriptor, status.st_uid, status.st_gid)


@contextmanager
def _lock(target: Path, deadline: float, sleep: Callable[[float], None], clock: Callable[[], float]) -> Iterator[None]:
    path = _beside(target, LOCK_SUFFIX)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _failure("write beside", target, error) from error
    try:
        while fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if clock() >= deadline:
                    raise EnvironmentFailure(
                        f"another process holds {path}",
                        code="FileLocked",
                        next="wait for it or end it, then run again",
                    ) from None
                sleep(0.01)
            except OSError as error:
                raise _failure("lock", target, error) from error
        yield
    finally:
        os.close(descriptor)  # gives the lock up; the lock file stays, else two could each hold "the" lock


def _make_folder(folder: Path) -> None:
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        try:
            missing.mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise _failure("make the folder", missing, error) from error


def _sync_folder(folder: Path) -> None:
    """Bring the rename itself to the disk, where folders can be opened for that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failure(doing: str, path: Path, error: OSError) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"cannot {doing} {path}: {error.strerror or error}",
        code="FileNotWritable" if doing != "read" else "FileNotReadable",
        next="make it accessible, or name other files in AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE",
    )
