"""What CodeCommit and CodePipeline read of a git repository and write to it."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from crosslane.sandbox.git.folder import BRANCHES, Update

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Person:
    """Author or committer; ``when`` has the person's time zone."""

    name: str
    email: str
    when: datetime


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit, in git's words."""

    id: str
    tree: str
    parents: tuple[str, ...]
    message: str
    author: Person
    committer: Person


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file of a commit; ``mode`` is git's (0o100755 for an executable one)."""

    path: str
    blob: str
    mode: int
    content: bytes


def branches(repo: Repo) -> dict[str, str]:
    """Branch names with the commits they are at, sorted by name."""
    found = repo.refs.as_dict(Ref(BRANCHES.encode()))
    return {name.decode(): commit.decode() for name, commit in sorted(found.items())}


def set_branch(repo: Repo, name: str, commit: str | None) -> Update:
    """Points a branch at a commit, or deletes it."""
    reference = Ref(f"{BRANCHES}{name}".encode())
    old = branches(repo).get(name)
    if commit is None:
        repo.refs.remove_if_equals(reference, None)
    else:
        repo.refs[reference] = ObjectID(commit.encode())
    return Update(f"{BRANCHES}{name}", old, commit)


def set_default(repo: Repo, branch: str) -> None:
    """Makes it the branch that a clone checks out."""
    repo.refs.set_symbolic_ref(Ref(b"HEAD"), Ref(f"{BRANCHES}{branch}".encode()))


def resolve(repo: Repo, specifier: str) -> str | None:
    """The commit that a branch name, a full reference, a tag or a full commit id names."""
    for candidate in (f"{BRANCHES}{specifier}", f"refs/tags/{specifier}", specifier):
        reference = Ref(candidate.encode())
        if candidate.startswith("refs/") and reference in repo.refs:
            return _commit_of(repo, repo.refs[reference])
    return specifier if commit(repo, specifier) is not None else None


def _commit_of(repo: Repo, object_id: bytes) -> str:
    """What an annotated tag points to in the end."""
    found = repo[object_id]
    while isinstance(found, Tag):
        found = repo[found.object[1]]
    return found.id.decode()


def commit(repo: Repo, commit_id: str) -> CommitInfo | None:
    """The commit of that full id; None if there is none."""
    found = _commit(repo, commit_id)
    if found is None:
        return None
    return CommitInfo(
        id=commit_id,
        tree=found.tree.decode(),
        parents=tuple(parent.decode() for parent in found.parents),
        message=found.message.decode("utf-8", "replace"),
        author=_person(found.author, found.author_time, found.author_timezone),
        committer=_person(found.committer, found.commit_time, found.commit_timezone),
    )


def _commit(repo: Repo, commit_id: str) -> Commit | None:
    if len(commit_id) != 40 or not set(commit_id) <= set("0123456789abcdef"):
        return None
    try:
        found = repo[commit_id.encode()]
    except KeyError:
        return None
    return found if isinstance(found, Commit) else None


def _person(identity: bytes, seconds: int, zone: int) -> Person:
    name, _, email = identity.decode("utf-8", "replace").rpartition(" <")
    when = datetime.fromtimestamp(seconds, timezone(timedelta(seconds=zone)))
    return Person(name, email.rstrip(">"), when)


def files(repo: Repo, commit_id: str) -> Iterator[FileInfo]:
    """Every file and symbolic link of a commit, by path; submodules are left out."""
    found = _commit(repo, commit_id)
    if found is None:
        raise KeyError(commit_id)
    yield from _walk(repo, found.tree, "")


def _walk(repo: Repo, tree_id: bytes, prefix: str) -> Iterator[FileInfo]:
    tree = repo[tree_id]
    assert isinstance(tree, Tree)
    for entry in tree.iteritems():
        assert entry.path is not None and entry.mode is not None and entry.sha is not None
        path = prefix + entry.path.decode("utf-8", "surrogateescape")
        if stat.S_ISDIR(entry.mode):
            yield from _walk(repo, entry.sha, f"{path}/")
        elif stat.S_ISREG(entry.mode) or stat.S_ISLNK(entry.mode):
            blob = repo[entry.sha]
            assert isinstance(blob, Blob)
            yield FileInfo(path, entry.sha.decode(), entry.mode, blob.data)


def file(repo: Repo, commit_id: str, path: str) -> FileInfo | None:
    """One file of a commit."""
    wanted = path.strip("/")
    return next((found for found in files(repo, commit_id) if found.path == wanted), None)


def archive(repo: Repo, commit_id: str) -> bytes:
    """The commit's files as a ZIP file, without git's own data, as a source action hands them on. ``KeyError`` if there
    is no such commit."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for found in files(repo, commit_id):
            entry = zipfile.ZipInfo(found.path, _ZIP_EPOCH)
            entry.external_attr = found.mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, found.content)
    return written.getvalue()


def write_commit(
    repo: Repo,
    branch: str,
    puts: Mapping[str, tuple[bytes, int]],
    deletes: Sequence[str],
    message: str,
    author: Person,
) -> str:
    """A new commit on top of a branch (the first one if there is none), which is not moved. Returns the commit's id."""
    parent = branches(repo).get(branch)
    content = {} if parent is None else {found.path: (found.blob.encode(), found.mode) for found in files(repo, parent)}
    for path in deletes:
        content.pop(path.strip("/"), None)
    for path, (data, mode) in puts.items():
        blob = Blob.from_string(data)
        repo.object_store.add_object(blob)
        content[path.strip("/")] = (blob.id, mode)
    made = Commit()
    made.tree = _write_tree(repo, content)
    made.parents = [ObjectID(parent.encode())] if parent else []
    who = f"{author.name} <{author.email}>".encode()
    made.author = made.committer = who
    made.author_time = made.commit_time = int(author.when.timestamp())
    made.author_timezone = made.commit_timezone = 0
    made.encoding = b"UTF-8"
    made.message = message.encode()
    repo.object_store.add_object(made)
    return made.id.decode()


def _write_tree(repo: Repo, content: Mapping[str, tuple[bytes, int]]) -> ObjectID:
    tree = Tree()
    folders: dict[str, dict[str, tuple[bytes, int]]] = {}
    for path, (blob, mode) in content.items():
        folder, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(folder, {})[rest] = (blob, mode)
        else:
            tree.add(path.encode("utf-8", "surrogateescape"), mode, ObjectID(blob))
    for name, below in folders.items():
        tree.add(name.encode("utf-8", "surrogateescape"), stat.S_IFDIR, _write_tree(repo, below))
    repo.object_store.add_object(tree)
    return tree.id
