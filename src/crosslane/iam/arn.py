"""Amazon Resource Names, and the patterns for them in ``Resource`` and in ARN conditions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html (2026-11-24).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crosslane.iam.wildcard import ANY_ONE, ANY_RUN, Matcher, compile_pattern, compile_tokens

ArnMatcher = Callable[[Sequence[str]], bool]
"""Says whether an ARN, split at its first five colons, matches."""


@dataclass(frozen=True, slots=True)
class Arn:
    """``arn:partition:service:region:account:resource``, taken apart."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn | None:
    """The parts of an ARN, or None if ``text`` is none."""
    parts = text.split(":", 5)
    return Arn(*parts[1:]) if len(parts) == 6 and parts[0] == "arn" else None


def is_account_id(text: str) -> bool:
    """Whether ``text`` is twelve digits."""
    return len(text) == 12 and text.isdecimal() and text.isascii()


def compile_segments(segments: Sequence[Sequence[str]]) -> ArnMatcher:
    """Matches segment by segment: no wildcard reaches over one of the first five colons.

    Each segment is a tokenised pattern (see ``wildcard``).
    """
    literal: list[tuple[int, str]] = []
    patterns: list[tuple[int, Matcher]] = []
    for index, tokens in enumerate(segments):
        if all(token not in (ANY_ONE, ANY_RUN) for token in tokens):
            literal.append((index, "".join(tokens)))
        elif any(token != ANY_RUN for token in tokens):
            patterns.append((index, compile_tokens(tokens)))
    # The resource part tells most ARNs apart, so it is looked at first.
    literal.reverse()
    checks, globs = tuple(literal), tuple(patterns)

    def match(parts: Sequence[str]) -> bool:
        if len(parts) != 6:
            return False
        for index, text in checks:
            if parts[index] != text:
                return False
        return all(glob(parts[index]) for index, glob in globs)

    return match


def split_tokens(tokens: Sequence[str]) -> list[list[str]] | None:
    """The six segments of a tokenised ARN pattern, or None if there are fewer."""
    segments: list[list[str]] = [[]]
    for token in tokens:
        if token in (ANY_ONE, ANY_RUN):
            segments[-1].append(token)
            continue
        rest = token
        while len(segments) < 6 and ":" in rest:
            before, _, rest = rest.partition(":")
            if before:
                segments[-1].append(before)
            segments.append([])
        if rest:
            segments[-1].append(rest)
    return segments if len(segments) == 6 else None


def compile_short(pattern: str) -> ArnMatcher:
    """A pattern of fewer than six segments that ends in ``*``, which stands for all that follows.

    "If the * wildcard is the last character of a resource ARN segment, it can expand to match beyond the colon
    boundaries"; the wildcards before it stay in their segments:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html (2026-11-25).
    """
    heads = [compile_pattern(segment) for segment in pattern.split(":")]

    def match(parts: Sequence[str]) -> bool:
        return len(parts) == 6 and all(head(part) for head, part in zip(heads, parts, strict=False))

    return match
