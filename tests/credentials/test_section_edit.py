"""Editing: what is asked for changes, every other byte stays."""

import pytest

from crosslane.credentials.section_edit import with_section, without_section
from crosslane.credentials.section_text import read_sections


def test_an_existing_section_is_edited_in_place() -> None:
    before = "# mine\n[a]\naws_access_key_id=OLD\n; keep\nregion   :   eu-west-1\n\n# about b\n[b]\nregion = x\n"
    after = with_section(before, "a", {"aws_access_key_id": "NEW", "region": "us-east-1", "output": "json"})
    assert after == (
        "# mine\n[a]\naws_access_key_id=NEW\n; keep\nregion   :   us-east-1\noutput = json\n\n"
        "# about b\n[b]\nregion = x\n"
    )


def test_none_takes_a_key_out_with_the_lines_that_continue_it() -> None:
    before = "[a]\ns3 =\n  # comment\n  path = x\nregion = y\n"
    assert with_section(before, "a", {"s3": None, "absent": None}) == "[a]\n  # comment\nregion = y\n"


def test_a_missing_section_is_appended_after_a_blank_line() -> None:
    assert with_section("[a]\nx = 1\n", "b", {"y": "2", "z": None}) == "[a]\nx = 1\n\n[b]\ny = 2\n"
    assert with_section("", "b", {"y": "2"}) == "[b]\ny = 2\n"
    assert with_section("[a]\nx = 1", "b", {"y": "2"}) == "[a]\nx = 1\n\n[b]\ny = 2\n"
    assert with_section("[a]\nx = 1\n", "b", {"y": None}) == "[a]\nx = 1\n"


def test_windows_line_ends_stay_windows_line_ends() -> None:
    after = with_section("\ufeff[a]\r\nx = 1\r\n", "a", {"x": "2", "y": "3"})
    assert after == "\ufeff[a]\r\nx = 2\r\ny = 3\r\n"
    assert with_section(after, "b", {"z": "4"}).endswith("\r\n\r\n[b]\r\nz = 4\r\n")


def test_the_same_value_changes_nothing() -> None:
    text = "[a]\nx=1   \n"
    assert with_section(text, "a", {"x": "1"}) == text


def test_a_new_key_is_indented_like_the_others_so_that_the_next_header_stays_a_header() -> None:
    before = "[a]\n  x = 1\n  [b]\n  y = 2\n"
    after = with_section(before, "a", {"z": "3"})
    assert read_sections(after) == {"a": {"x": "1", "z": "3"}, "b": {"y": "2"}}
    after = with_section("[a]\n\n  [b]\n  y = 2\n", "a", {"z": "3"})
    assert read_sections(after) == {"a": {"z": "3"}, "b": {"y": "2"}}


def test_a_key_that_is_there_twice_is_there_once_afterwards() -> None:
    before = "[a]\nsecret = one\n[b]\nx = 1\n[a]\nsecret = two\nSecret = three\n"
    assert with_section(before, "a", {"secret": "new"}) == "[a]\n[b]\nx = 1\n[a]\nSecret = new\n"
    assert with_section(before, "a", {"secret": None}) == "[a]\n[b]\nx = 1\n[a]\n"


def test_the_spelling_that_botocore_takes_is_the_one_that_is_edited() -> None:
    before = "[profile a]\nx = 1\n[profile 'a']\nx = 2\n"
    assert with_section(before, "profile a", {"x": "3"}) == "[profile a]\nx = 1\n[profile 'a']\nx = 3\n"
    assert with_section('[profile "a b"]\nx = 1\n', "profile 'a b'", {"x": "2"}) == '[profile "a b"]\nx = 2\n'


def test_a_section_goes_with_its_keys_and_leaves_the_neighbours_comments() -> None:
    before = "[a]\nx = 1\n\n# about b\n[b]\n# inside\ny = 2\n\n# about c\n[c]\nz = 3\n"
    assert without_section(before, "b") == "[a]\nx = 1\n\n# about b\n\n# about c\n[c]\nz = 3\n"
    assert without_section(before, "absent") == before


@pytest.mark.parametrize("text", ["", "[a]\nx = 1\n", "[a]\nx = 1\n\n\n", "# c\r\n", "\ufeff[a]\nx = 1\n", "\n"])
def test_appending_and_removing_gives_the_file_back(text: str) -> None:
    assert without_section(with_section(text, "ours", {"k": "v"}), "ours") == text


def test_removing_does_not_let_an_indented_header_fall_into_the_section_above() -> None:
    before = "[a]\nx = 1\n[ours]\n  k = secret\n  [b]\n  y = 2\n"
    after = without_section(before, "ours")
    assert "secret" not in after
    assert read_sections(after)["a"] == {"x": "1"}
    assert read_sections(after)["b"] == {"y": "2"}


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("a", "k", "one\ntwo"),
        ("a", "k", "one\rtwo"),
        ("a", "k", " padded "),
        ("a", "a b", "v"),
        ("a", "a=b", "v"),
        ("a", "#k", "v"),
        ("a]", "k", "v"),
        ("a\n[b", "k", "v"),
        ("", "k", "v"),
    ],
)
def test_what_could_not_be_read_back_is_refused_without_showing_the_value(section: str, key: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"no name|line breaks") as caught:
        with_section("", section, {key: value})
    assert value not in str(caught.value) or value == "v"
