"""The journal remembers an access key that was about to be made, and never stands in the way."""

from __future__ import annotations

import stat
from pathlib import Path

from crosslane.apply.journal import Journal, KeyIntent

INTENT = KeyIntent("tools/admin", ("AKIABEFORE",))


def test_an_intent_is_kept_until_it_is_done(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state" / "journal.jsonl")
    assert journal.key_intent("tools/admin") is None

    journal.will_make_key(INTENT)
    assert Journal(journal.path).key_intent("tools/admin") == INTENT
    assert journal.key_intent("dev/admin") is None

    journal.key_done("tools/admin")
    assert journal.key_intent("tools/admin") is None


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state" / "journal.jsonl")
    journal.will_make_key(INTENT)

    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700


def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.will_make_key(INTENT)
    with journal.path.open("a") as file:
        file.write('{"event": "key-do')

    assert journal.key_intent("tools/admin") == INTENT


def test_whatever_is_in_the_file_it_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for content in (b"", b"\xff\xfe\x00", b"[1, 2]\n3\nnull\n", b'{"event": "key-intent", "user": "tools/admin"}\n'):
        path.write_bytes(content)
        found = Journal(path).key_intent("tools/admin")
        assert found is None or found.before == ()


def test_a_folder_that_cannot_be_made_makes_it_forgetful_and_not_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "journal.jsonl")

    journal.will_make_key(INTENT)
    journal.remove()

    assert journal.key_intent("tools/admin") is None


def test_it_can_be_removed_twice(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.will_make_key(INTENT)
    journal.remove()
    journal.remove()

    assert not journal.path.exists()
