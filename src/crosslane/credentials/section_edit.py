"""Changes to the text of a profile file that leave every byte of others alone.

Both functions are pure. Other sections read the same before and after, whatever the file looks like: a
line's indentation decides whether it continues the value above it, so a new line takes over the indentation
that is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crosslane.credentials.section_text import (
    BYTE_ORDER_MARK,
    DELIMITER,
    Option,
    Outline,
    Section,
    indent_of,
    is_content,
    outline,
    read_sections,
    same_section,
)

_KEY = re.compile(r"[^\s=:#;\[\]]+")


def with_section(text: str, section: str, values: Mapping[str, str | None]) -> str:
    """``text`` with the keys of ``[section]`` set, or taken out where the value is None.

    An existing section is edited in place: order, spelling around ``=`` and comments stay, a key that was
    there twice is there once, new keys follow the last one. A section that is missing is appended, after a
    blank line. ``ValueError`` for a header, key or value that could not be read back (line breaks, outer
    white space); it never shows the value.
    """
    _check(section, values)
    out = outline(text)
    targets = _targets(out, section)
    if not targets:
        kept = {key: value for key, value in values.items() if value is not None}
        return _append(text, out, section, kept) if kept else text
    edits: dict[int, str] = {}
    missing: list[tuple[str, str]] = []
    for key, value in values.items():
        found = [option for target in targets for option in target.options if option.key == key.lower()]
        if value is not None and not found:
            missing.append((key, value))
        for option in found if value is None else found[:-1]:
            edits.update(dict.fromkeys(option.lines, ""))
        if value is not None and found:
            edits.update(_replaced(out, found[-1], value))
    lines = [edits.get(index, line) for index, line in enumerate(out.lines)]
    if missing:
        _insert(lines, out, targets[-1], missing)
    return "".join(lines)


def without_section(text: str, section: str) -> str:
    """``text`` without ``[section]`` (each of that name), from its header to its last key, and one blank
    line above.

    Comments above the header and below the last key stay. Undoes the appending of ``with_section`` to the
    byte, except for the line break that a last line lacked.
    """
    out = outline(text)
    gone = [target for target in out.sections if same_section(target.name, section)]
    if not gone:
        return text
    lines = list(out.lines)
    for target in gone:
        lines[target.header : target.last_line + 1] = [""] * (target.last_line + 1 - target.header)
        if target.header and not out.lines[target.header - 1].strip():
            lines[target.header - 1] = ""
    result = "".join(lines)
    if text.startswith(BYTE_ORDER_MARK) and not result.startswith(BYTE_ORDER_MARK):
        result = BYTE_ORDER_MARK + result
    names = {target.name for target in gone}
    others = {name: values for name, values in read_sections(text).items() if name not in names}
    return result if read_sections(result) == others else _emptied(out, gone)


def _emptied(out: Outline, gone: list[Section]) -> str:
    """Take out the keys and leave the header: what follows is indented, and would continue a value further up."""
    own = {index for target in gone for option in target.options for index in option.lines}
    return "".join(line for index, line in enumerate(out.lines) if index not in own)


def _targets(out: Outline, section: str) -> list[Section]:
    """The sections to edit. Of two spellings of one name, botocore takes the one that came up last."""
    spellings = list(dict.fromkeys(s.name for s in out.sections if same_section(s.name, section)))
    return [s for s in out.sections if spellings and s.name == spellings[-1]]


def _replaced(out: Outline, option: Option, value: str) -> dict[int, str]:
    """The edits that give ``option`` its new value; none where it has it already."""
    if option.text == value:
        return {}
    first, *rest = option.lines
    line = out.lines[first]
    delimiter = DELIMITER.search(line)
    assert delimiter is not None
    after = line[delimiter.end() :].rstrip("\r\n")
    space = indent_of(after) if after.strip() else " "
    return {first: line[: delimiter.end()] + space + value + _ending(line)} | dict.fromkeys(rest, "")


def _insert(lines: list[str], out: Outline, target: Section, values: list[tuple[str, str]]) -> None:
    """Put new keys below the last one, no deeper than it and no shallower than the next line that says something."""
    at = target.last_line
    if target.options:
        indent = target.options[-1].indent
    else:
        indent = next((indent_of(line) for line in out.lines[at + 1 :] if is_content(line)), "")
    end = _line_ending(out, at)
    if not _ending(out.lines[at]):
        lines[at] += end if lines[at] else ""
    lines[at] += "".join(f"{indent}{key} = {value}{end}" for key, value in values)


def _append(text: str, out: Outline, section: str, values: Mapping[str, str]) -> str:
    end = _line_ending(out, -1)
    gap = "" if text in ("", BYTE_ORDER_MARK) else end if _ending(out.lines[-1]) else end + end
    return text + gap + "".join([f"[{section}]{end}", *(f"{key} = {value}{end}" for key, value in values.items())])


def _line_ending(out: Outline, line: int) -> str:
    """The ending of that line; if it has none, that of the file's first line."""
    return (_ending(out.lines[line]) or _ending(out.lines[0]) if out.lines else "") or "\n"


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _check(section: str, values: Mapping[str, str | None]) -> None:
    if not section.strip() or section != section.strip() or re.search(r"[\r\n\[\]]", section):
        raise ValueError(f"no name for a section: {section!r}")
    for key, value in values.items():
        if not _KEY.fullmatch(key):
            raise ValueError(f"no name for a key: {key!r}")
        if value is not None and (value != value.strip() or re.search(r"[\r\n]", value)):
            raise ValueError(f"the value of {key} has line breaks or outer white space")
