"""The two AWS profile files, ``~/.aws/credentials`` and ``~/.aws/config``: one careful reader and writer.

What is not ours stays as it is, to the byte. Names and places are those of the AWS CLI
(https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html, looked up 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import assert_never

from crosslane.credentials.guarded_file import locked, read_bytes, replace_all, target_of
from crosslane.credentials.profile import (
    EXPIRES_KEY,
    OWNER_KEY,
    Profile,
    ProfileChange,
    Source,
    SsoSessionChange,
    merged,
)
from crosslane.credentials.secret import Secret
from crosslane.credentials.section_edit import with_section, without_section
from crosslane.credentials.section_text import (
    Problem,
    Value,
    named_header,
    new_header,
    outline,
    profile_headers,
    read_named,
    read_profiles,
    read_sections,
)
from crosslane.errors import EnvironmentFailure, OutcomeError, UsageError

Change = ProfileChange | SsoSessionChange


@dataclass(frozen=True, slots=True)
class ProfileFiles:
    """The pair of files. They, and their folder, need not exist."""

    credentials_path: Path
    config_path: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], home: Path) -> ProfileFiles:
        """The files that AWS tools would use with this environment and home."""
        return cls(
            _place(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials", environ, home),
            _place(environ.get("AWS_CONFIG_FILE") or "~/.aws/config", environ, home),
        )

    def names(self) -> tuple[str, ...]:
        """All profiles, those of the credentials file first."""
        return _Texts.read(self).names()

    def profile(self, name: str) -> Profile | None:
        """The profile as both files have it now; ``EnvironmentFailure`` if a file cannot be read."""
        return _Texts.read(self).profile(name)

    def owner(self, name: str) -> str | None:
        """The mark of the pipeline that made the profile; None if it is absent or not wholly crosslane's."""
        found = self.profile(name)
        return None if found is None else found.owner

    def sso_session(self, name: str) -> Mapping[str, Value] | None:
        """The keys of ``[sso-session NAME]``, None if there is no such section."""
        return read_named(_Texts.read(self).config, "sso-session").get(name)

    def sso_sessions(self) -> Mapping[str, Mapping[str, Value]]:
        """The keys of every ``[sso-session NAME]`` by name."""
        return read_named(_Texts.read(self).config, "sso-session")

    def problems(self) -> tuple[tuple[Path, Problem], ...]:
        """Why AWS tools cannot read a file; crosslane itself can."""
        texts = _Texts.read(self)
        return tuple(
            (path, problem)
            for path, text in ((self.credentials_path, texts.credentials), (self.config_path, texts.config))
            for problem in outline(text).problems
        )

    def refuse_unreadable(self) -> None:
        """Raise ``EnvironmentFailure`` with file and line if there are ``problems``: any call would fail for them."""
        found = self.problems()
        if not found:
            return
        path, problem = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise EnvironmentFailure(
            f"{path}:{problem.line}: {problem.reason}{more}",
            code="ConfigNotReadable",
            next="correct this file; no AWS tool can read it either",
        )

    def store(self, changes: Sequence[Change]) -> None:
        """Make all changes, or none if one of them is not allowed.

        ``OutcomeError`` (code ``NotOurs``) for somebody else's profile without ``adopt``; ``UsageError``
        for names and values that the files cannot hold; ``EnvironmentFailure`` for files that cannot be
        read, written or locked.
        """
        self._rewrite(lambda texts: _stored(texts, changes))

    def remove(self, names: Iterable[str], owner: str | None = None) -> tuple[str, ...]:
        """Take the profiles out of both files and tell which were there.

        With ``owner`` one that does not carry this mark is an ``OutcomeError`` (``NotOurs``) and nothing is removed.
        """
        wanted = tuple(names)
        removed: list[str] = []

        def edit(texts: _Texts) -> _Texts:
            removed[:] = [name for name in wanted if texts.profile(name) is not None]
            for name in removed:
                texts = texts.without_profile(name, owner)
            return texts

        self._rewrite(edit)
        return tuple(removed)

    def _rewrite(self, edit: Callable[[_Texts], _Texts]) -> None:
        """Read, edit and replace under one lock; where nothing changes, nothing is locked or written."""
        seen = _Texts.read(self)
        if edit(seen) == seen:
            return
        credentials, config = target_of(self.credentials_path), target_of(self.config_path)
        with locked([credentials, config]):
            before = _Texts.read(self)
            after = edit(before)
            changed = {
                target: (old, new)
                for target, old, new in (
                    (credentials, before.credentials, after.credentials),
                    (config, before.config, after.config),
                )
                if old != new
            }
            replace_all(
                {target: _encode(new) for target, (_, new) in changed.items()},
                backed_up=[target for target, (old, _) in changed.items() if not _has_marks(old)],
            )


def _has_marks(text: str) -> bool:
    """Whether crosslane wrote here before: a copy would then hold keys of ours, and outlive them."""
    return any(OWNER_KEY in values for values in read_sections(text).values())


@dataclass(frozen=True, slots=True)
class _Texts:
    """What the two files say. ``shared``: both paths lead to one file, whose text is then in both fields."""

    credentials: str
    config: str
    shared: bool

    @classmethod
    def read(cls, files: ProfileFiles) -> _Texts:
        return cls(
            _decode(files.credentials_path),
            _decode(files.config_path),
            target_of(files.credentials_path) == target_of(files.config_path),
        )

    def edited(self, source: Source, edit: Callable[[str], str]) -> _Texts:
        match source:
            case Source.CREDENTIALS:
                text = edit(self.credentials)
                return _Texts(text, text if self.shared else self.config, self.shared)
            case Source.CONFIG:
                text = edit(self.config)
                return _Texts(text if self.shared else self.credentials, text, self.shared)
            case _:
                assert_never(source)

    def without_profile(self, name: str, owner: str | None) -> _Texts:
        found = self.profile(name)
        if owner is not None and (found is None or found.owner != owner):
            raise _not_ours("profile", name)
        texts = self.edited(Source.CREDENTIALS, lambda text: without_section(text, name))
        for header in profile_headers(texts.config, name):
            texts = texts.edited(Source.CONFIG, partial(without_section, section=header))
        return texts

    def parts(self, name: str) -> dict[Source, Mapping[str, Value]]:
        found = {
            Source.CREDENTIALS: read_sections(self.credentials).get(name),
            Source.CONFIG: read_profiles(self.config).get(name),
        }
        return {source: values for source, values in found.items() if values is not None}

    def profile(self, name: str) -> Profile | None:
        return merged(name, self.parts(name))

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*read_sections(self.credentials), *read_profiles(self.config)]))


def _stored(texts: _Texts, changes: Sequence[Change]) -> _Texts:
    for change in changes:
        match change:
            case ProfileChange():
                texts = _with_profile(texts, change)
            case SsoSessionChange():
                texts = _with_sso_session(texts, change)
            case _:
                assert_never(change)
    return texts


def _with_profile(texts: _Texts, change: ProfileChange) -> _Texts:
    name = _checked_name(change.name)
    existing = texts.profile(name)
    ours = change.owner is not None and existing is not None and existing.owner == change.owner
    if existing is not None and not ours and not change.adopt:
        raise _not_ours("profile", name)
    mark = {} if change.owner is None else {OWNER_KEY: change.owner}
    texts = texts.edited(
        Source.CREDENTIALS,
        lambda text: _section(text, name, change.credentials, mark, name in read_sections(text)),
    )
    return texts.edited(
        Source.CONFIG,
        lambda text: _section(text, _header(text, name), change.config, mark, name in read_profiles(text)),
    )


def _section(
    text: str, header: str, values: Mapping[str, str | Secret | None], mark: Mapping[str, str], exists: bool
) -> str:
    """The section with its new values. One that would hold our marks only is not made, or goes."""
    plain = {key: value.reveal() if isinstance(value, Secret) else value for key, value in values.items()}
    if not exists and all(value is None for value in plain.values()):
        return text
    text = _set(text, header, {**plain, **mark})
    left = set(read_sections(text).get(header, {"": ""}))
    return without_section(text, header) if left <= {OWNER_KEY, EXPIRES_KEY} else text


def _with_sso_session(texts: _Texts, change: SsoSessionChange) -> _Texts:
    name = _checked_name(change.name)
    existing = read_named(texts.config, "sso-session").get(name)
    same = existing is not None and all(existing.get(key) == value for key, value in change.values.items())
    if existing is not None and not same and not change.adopt:
        raise _not_ours("sso-session", name)
    return texts.edited(Source.CONFIG, lambda text: _set(text, named_header("sso-session", name), change.values))


def _set(text: str, header: str, values: Mapping[str, str | None]) -> str:
    try:
        return with_section(text, header, values)
    except ValueError as error:
        raise UsageError(f"{error}, in [{header}]", code="BadProfileValue") from None


def _header(text: str, name: str) -> str:
    """The config section of profile ``name`` as it is spelled there; of two spellings the last one counts."""
    return (profile_headers(text, name) or (new_header(name),))[-1]


def _checked_name(name: str) -> str:
    if not name or name != name.strip() or re.search(r"[\x00-\x1f\x7f\[\]]", name) or name == "DEFAULT":
        raise UsageError(f"{name!r} cannot be the name of a profile", code="BadProfileName")
    return name


def _not_ours(kind: str, name: str) -> OutcomeError:
    return OutcomeError(
        f"{kind} {name} exists and was not made by this pipeline",
        code="NotOurs",
        next="choose another name, or run again with --adopt to take it over",
    )


def _place(value: str, environ: Mapping[str, str], home: Path) -> Path:
    """A path with ``$NAME``, ``${NAME}`` and a leading ``~`` resolved, as botocore's ``raw_config_parse`` does."""
    value = re.sub(r"\$(?:(\w+)|\{([^}]*)\})", lambda m: environ.get(m[1] or m[2], m[0]), value, flags=re.ASCII)
    if value == "~" or value.startswith("~/"):
        return home / value[2:]
    return Path(value).expanduser()


def _decode(path: Path) -> str:
    content = read_bytes(path)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise EnvironmentFailure(f"{path} is UTF-16", code="FileNotReadable", next="save it as UTF-8")
    return content.decode("utf-8", "surrogateescape")


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UsageError("a value holds characters that are no text", code="BadProfileValue") from None
