"""Generated profile files: reading agrees with botocore, editing keeps every byte that was not to be changed."""

import tempfile
from pathlib import Path

from botocore.configloader import load_config, raw_config_parse
from botocore.exceptions import ConfigParseError
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from crosslane.credentials.profile import ProfileChange
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.section_edit import with_section, without_section
from crosslane.credentials.section_text import outline, read_profiles, read_sections, same_section

NAMES = ["default", "a", "profile a", 'profile "a"', "profile 'a b'", "profile a b", "sso-session s", "services s"]
KEYS = ["region", "Region", "aws_access_key_id", "s3", "key with space", "x"]
INDENTS = ["", "", "", " ", "  ", "\t", "    "]
ENDS = ["\n", "\n", "\r\n", "\r"]

words = st.text(st.sampled_from("abcXY01 =:#;[]'\"%$/é\xa0\x0b\x85\u2028"), max_size=8)
indents = st.sampled_from(INDENTS)
headers = st.builds(
    lambda indent, name, rest: f"{indent}[{name}]{rest}",
    indents,
    st.sampled_from([*NAMES, "DEFAULT"]),
    st.sampled_from(["", "", "", " # note", " ", "x]"]),
)
options = st.builds(
    lambda indent, key, delimiter, value: f"{indent}{key}{delimiter}{value}",
    indents,
    st.sampled_from(KEYS),
    st.sampled_from(["=", " = ", ":", " : ", "= "]),
    st.one_of(st.just(""), words),
)
others = st.one_of(
    st.sampled_from(["", "", " ", "\t"]),
    st.builds(lambda indent, text: f"{indent}#{text}", indents, words),
    st.builds(lambda indent, text: f"{indent};{text}", indents, words),
)
nested = st.builds(lambda key, value: f"    {key} = {value}", st.sampled_from(KEYS), words)
stray = st.builds(lambda indent, text: indent + text, indents, words)


@st.composite
def files(draw: st.DrawFn, *, orderly: bool = False) -> str:
    """A file line by line; an ``orderly`` one repeats nothing, so that botocore accepts most of them."""
    kinds = [headers, options, options, options, nested, others] + ([] if orderly else [stray])
    lines = draw(st.lists(st.one_of(kinds), max_size=14))
    if orderly:
        lines = ["[first]", *dict.fromkeys(lines)]
    text = "".join(line + draw(st.sampled_from(ENDS)) for line in lines)
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return draw(st.sampled_from(["", "", "", "" if orderly else "\ufeff"])) + text


def botocore_reads(text: str) -> dict[str, object] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config"
        path.write_bytes(text.encode())
        try:
            return {"sections": raw_config_parse(str(path)), "profiles": load_config(str(path))["profiles"]}
        except ConfigParseError:
            return None


@given(st.one_of(files(orderly=True), files(), st.text(max_size=60)))
@settings(max_examples=400, deadline=None)
@example("[DEFAULT]\ns3 =\n  no delimiter\n")
def test_what_botocore_accepts_reads_the_same_and_what_it_refuses_has_a_problem(text: str) -> None:
    theirs = botocore_reads(text)
    if theirs is None:
        assert outline(text).problems
    else:
        assert {"sections": read_sections(text), "profiles": read_profiles(text)} == theirs
        assert outline(text).problems == ()


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_at_all_has_an_outline_that_is_the_text(text: str) -> None:
    assert "".join(outline(text).lines) == text


values = st.dictionaries(
    st.sampled_from(["region", "aws_access_key_id", "s3", "new", "newer"]),
    st.one_of(st.none(), words.map(str.strip)),
    min_size=1,
    max_size=4,
)


@given(files(), st.sampled_from(NAMES), values)
@settings(max_examples=400, deadline=None)
def test_an_edit_changes_what_was_asked_for_and_no_other_byte(
    text: str, name: str, wanted: dict[str, str | None]
) -> None:
    after = with_section(text, name, wanted)
    before_sections, after_sections = read_sections(text), read_sections(after)
    for section, options in before_sections.items():
        if not same_section(section, name):
            assert after_sections[section] == options
    target = [section for section in after_sections if same_section(section, name)]
    if target:
        effective, defaults = after_sections[target[-1]], _defaults(text)
        for key, value in wanted.items():
            assert effective.get(key) == (defaults.get(key) if value is None else value)
    touched = {
        index
        for section in outline(text).sections
        if same_section(section.name, name)
        for option in section.options
        if option.key in wanted
        for index in option.lines
    }
    remaining = iter(outline(after).lines)
    for index, line in enumerate(outline(text).lines):
        if index not in touched and line != "\ufeff":
            assert any(_bare(line) == _bare(other) for other in remaining)
    assert with_section(after, name, wanted) == after


def _bare(line: str) -> str:
    return line.removeprefix("\ufeff").rstrip("\r\n")


def _defaults(text: str) -> dict[str, object]:
    return dict(read_sections(text + "\n[probe of defaults]\n").get("probe of defaults", {}))


@given(files(), values.filter(lambda wanted: any(value is not None for value in wanted.values())))
@settings(max_examples=300, deadline=None)
def test_appending_a_section_and_removing_it_gives_the_file_back(text: str, wanted: dict[str, str | None]) -> None:
    assume(not any(same_section(section.name, "ours") for section in outline(text).sections))
    after = without_section(with_section(text, "ours", wanted), "ours")
    if not text or text.endswith(("\r", "\n")) or text == "\ufeff":
        assert after == text
    else:
        assert after in (text + "\n", text + "\r", text + "\r\n")


@given(files(), st.sampled_from(NAMES))
@settings(max_examples=300, deadline=None)
def test_removing_a_section_leaves_all_others_as_they_read(text: str, name: str) -> None:
    after = without_section(text, name)
    left = {key: options for key, options in read_sections(after).items() if not same_section(key, name)}
    assert left == {key: o for key, o in read_sections(text).items() if not same_section(key, name)}
    assert all(not section.options for section in outline(after).sections if same_section(section.name, name))


@given(
    st.text(st.sampled_from("ab .-_@#;=:'\"\\\u00e9$%profile"), min_size=1, max_size=10).filter(
        lambda n: n == n.strip()
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_a_profile_is_called_botocore_finds_it(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = ProfileFiles.from_environment({}, Path(folder))
        files.store([ProfileChange(name, {"aws_access_key_id": "AKIA"}, {"region": "eu-west-1"}, "p@1")])
        assert raw_config_parse(str(files.credentials_path))[name]["aws_access_key_id"] == "AKIA"
        assert load_config(str(files.config_path))["profiles"][name]["region"] == "eu-west-1"
        assert files.owner(name) == "p@1"
        files.remove([name], "p@1")
        assert files.profile(name) is None
        assert files.credentials_path.read_text() + files.config_path.read_text() == ""
