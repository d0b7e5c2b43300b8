"""The two files on the disk: merged view, ownership, atomic replacement, modes, links, locks, broken folders."""

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.session import Session

from crosslane.credentials.guarded_file import locked
from crosslane.credentials.profile import NO_KEYS, ProfileChange, Source, SsoSessionChange, key_values
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.secret import Keys, Secret
from crosslane.errors import EnvironmentFailure, OutcomeError, UsageError

OWNER = "sample@111111111111"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY="
KEYS = Keys("AKIAIOSFODNN7EXAMPLE", Secret(SECRET), Secret("token=="), datetime(2026, 11, 24, 12, 0, tzinfo=UTC))
SESSION = ProfileChange("tools_admin", key_values(KEYS), {"region": "eu-west-1", "output": "json"}, OWNER)


@pytest.fixture
def files(tmp_path: Path) -> ProfileFiles:
    return ProfileFiles.from_environment({}, tmp_path)


def write(files: ProfileFiles, credentials: str = "", config: str = "") -> None:
    files.credentials_path.parent.mkdir(exist_ok=True)
    for path, text in ((files.credentials_path, credentials), (files.config_path, config)):
        if text:
            path.write_text(text)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def botocore_environment(files: ProfileFiles, profile: str) -> dict[str, str]:
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(files.credentials_path),
        "AWS_CONFIG_FILE": str(files.config_path),
        "AWS_PROFILE": profile,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(files.config_path.parent),
        "PATH": os.environ["PATH"],
    }


def test_the_files_are_where_aws_tools_look_for_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert ProfileFiles.from_environment({}, home) == ProfileFiles(home / ".aws/credentials", home / ".aws/config")
    named = {"AWS_SHARED_CREDENTIALS_FILE": "~/c", "AWS_CONFIG_FILE": "${D}/x/$D", "D": "/data"}
    assert ProfileFiles.from_environment(named, home) == ProfileFiles(home / "c", Path("/data/x//data"))


def test_missing_files_hold_no_profile(files: ProfileFiles) -> None:
    assert files.names() == ()
    assert files.profile("tools") is None
    assert files.owner("tools") is None
    assert not files.credentials_path.parent.exists()


def test_a_stored_session_is_read_back_and_by_botocore_too(
    files: ProfileFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.store([SESSION])
    profile = files.profile("tools_admin")
    assert profile is not None
    assert (profile.keys, profile.region, profile.output, profile.owner) == (KEYS, "eu-west-1", "json", OWNER)
    assert profile.source("region") is Source.CONFIG
    assert profile.source("aws_access_key_id") is Source.CREDENTIALS
    assert mode(files.credentials_path) == mode(files.config_path) == 0o600
    assert mode(files.credentials_path.parent) == 0o700
    for name, value in botocore_environment(files, "tools_admin").items():
        monkeypatch.setenv(name, value)
    session = Session()
    found = session.get_credentials()
    assert found is not None
    assert (found.access_key, found.secret_key, found.token) == (KEYS.access_key_id, SECRET, "token==")
    assert session.get_config_variable("region") == "eu-west-1"


def test_the_aws_cli_does_not_mind_our_marks(files: ProfileFiles) -> None:
    files.store([SESSION])
    command = [str(Path(sys.executable).with_name("aws")), "configure", "list"]
    result = subprocess.run(command, env=botocore_environment(files, "tools_admin"), capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stderr == ""
    assert "eu-west-1" in result.stdout


def test_the_credentials_file_wins_and_each_source_is_known(files: ProfileFiles) -> None:
    write(
        files,
        "[a]\nregion = one\naws_access_key_id = AKIA1\n[default]\n",
        "[profile a]\nregion = two\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n"
        "aws_secret_access_key = s\ns3 =\n  x = y\n[a]\nregion = no profile\n",
    )
    profile = files.profile("a")
    assert profile is not None
    assert (profile.region, profile.role_arn, profile.source_profile) == (
        "one",
        "arn:aws:iam::1:role/r",
        "default",
    )
    assert profile.sources == (Source.CREDENTIALS, Source.CONFIG)
    assert profile.keys is None
    assert profile.text("s3") is None
    assert files.names() == ("a", "default")


def test_no_secret_shows_in_any_text_of_the_values(files: ProfileFiles) -> None:
    files.store([SESSION])
    shown = f"{files.profile('tools_admin')!r} {KEYS} {SESSION!r} {KEYS.secret_access_key:>50} {[KEYS]}"
    assert SECRET not in shown
    assert "token==" not in shown
    assert "***" in shown


def test_somebody_elses_profile_is_only_changed_when_adopted(files: ProfileFiles) -> None:
    theirs = "[tools_admin]\naws_access_key_id = THEIRS\naws_secret_access_key = x\naws_security_token = old\n"
    write(files, theirs)
    for change in (SESSION, ProfileChange("tools_admin", {"aws_access_key_id": "AKIA"})):
        with pytest.raises(OutcomeError, match="tools_admin exists") as caught:
            files.store([ProfileChange("other", {"region": "x"}), change])
        assert "--adopt" in str(caught.value.next)
    assert files.credentials_path.read_text() == theirs
    assert not files.config_path.exists()
    files.store([ProfileChange("tools_admin", SESSION.credentials, SESSION.config, OWNER, adopt=True)])
    assert files.owner("tools_admin") == OWNER
    profile = files.profile("tools_admin")
    assert profile is not None
    assert profile.keys == KEYS


def test_another_pipelines_profile_is_not_ours(files: ProfileFiles) -> None:
    files.store([SESSION])
    with pytest.raises(OutcomeError):
        files.store([ProfileChange("tools_admin", {"region": "x"}, owner="other@111111111111")])
    with pytest.raises(OutcomeError):
        files.remove(["tools_admin"], owner="other@111111111111")
    assert files.owner("tools_admin") == OWNER


def test_a_profile_with_a_part_from_somebody_else_is_not_ours(files: ProfileFiles) -> None:
    files.store([ProfileChange("tools_admin", SESSION.credentials, {}, OWNER)])
    assert files.owner("tools_admin") == OWNER
    write(files, config="[profile tools_admin]\nregion = mine\n")
    assert files.owner("tools_admin") is None


def test_credential_process_leaves_no_static_keys_beside_it(files: ProfileFiles) -> None:
    files.store([SESSION])
    process = {"credential_process": "/opt/crosslane credentials tools_admin"}
    files.store([ProfileChange("tools_admin", NO_KEYS, process, OWNER)])
    assert files.credentials_path.read_text() == ""
    profile = files.profile("tools_admin")
    assert profile is not None
    assert (profile.keys, profile.owner) == (None, OWNER)
    assert profile.credential_process == process["credential_process"]
    assert profile.region == "eu-west-1"


def test_storing_and_removing_gives_both_files_back(files: ProfileFiles) -> None:
    credentials, config = "# mine\n[tools]\nregion = a\n", "[default]\noutput = text\n\n\n"
    write(files, credentials, config)
    change = ProfileChange("with space", SESSION.credentials, SESSION.config, OWNER)
    files.store([SESSION, change])
    assert "[profile 'with space']" in files.config_path.read_text()
    assert files.remove(["tools_admin", "absent", "with space"], owner=OWNER) == ("tools_admin", "with space")
    assert files.credentials_path.read_text() == credentials
    assert files.config_path.read_text() == config


def test_the_default_profile_is_edited_in_the_spelling_that_counts(files: ProfileFiles) -> None:
    write(files, config="[default]\nregion = a\n[profile default]\nregion = b\n")
    files.store([ProfileChange("default", config={"region": "c"}, adopt=True)])
    assert files.config_path.read_text() == "[default]\nregion = a\n[profile default]\nregion = c\n"
    files.remove(["default"])
    assert files.profile("default") is None


def test_one_file_for_both(tmp_path: Path) -> None:
    both = ProfileFiles(tmp_path / "aws", tmp_path / "aws")
    both.store([SESSION])
    profile = both.profile("tools_admin")
    assert profile is not None
    assert (profile.keys, profile.region) == (KEYS, "eu-west-1")
    both.remove(["tools_admin"])
    assert (tmp_path / "aws").read_text() == ""


def test_an_sso_session_is_made_once_and_not_taken_over(files: ProfileFiles) -> None:
    change = SsoSessionChange("corp", {"sso_start_url": "https://d-1.awsapps.com/start", "sso_region": "x"})
    files.store([change])
    files.store([change])
    assert files.sso_session("corp") == change.values
    with pytest.raises(OutcomeError, match="sso-session corp"):
        files.store([SsoSessionChange("corp", {"sso_region": "y"})])
    files.store([SsoSessionChange("corp", {"sso_region": "y"}, adopt=True)])
    assert files.config_path.read_text().count("sso-session") == 1


def test_foreign_bytes_and_line_ends_are_kept(files: ProfileFiles) -> None:
    files.credentials_path.parent.mkdir()
    before = b"\xef\xbb\xbf[tools]\r\nnote = caf\xe9\r\n"
    files.credentials_path.write_bytes(before)
    files.store([SESSION])
    after = files.credentials_path.read_bytes()
    assert after.startswith(before + b"\r\n[tools_admin]\r\naws_access_key_id = AKIA")
    assert b"\n" not in after.replace(b"\r\n", b"")
    reasons = [problem.reason for _, problem in files.problems()]
    assert reasons == ["the file starts with a byte order mark", "not UTF-8"]


def test_a_link_stays_a_link_and_its_target_is_replaced(files: ProfileFiles, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "credentials"
    real.parent.mkdir()
    real.write_text("[tools]\nregion = a\n")
    files.credentials_path.parent.mkdir()
    files.credentials_path.symlink_to("../dotfiles/credentials")
    files.config_path.symlink_to(tmp_path / "elsewhere" / "config")
    files.store([SESSION])
    assert files.credentials_path.is_symlink()
    assert real.read_text().startswith("[tools]\nregion = a\n\n[tools_admin]\n")
    assert (tmp_path / "elsewhere" / "config").is_file()


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o400, 0o400), (0o644, 0o600)])
def test_a_stricter_mode_is_kept_and_a_wider_one_is_not(files: ProfileFiles, before: int, after: int) -> None:
    write(files, "[tools]\nregion = a\n")
    files.credentials_path.chmod(before)
    files.store([SESSION])
    assert mode(files.credentials_path) == after


def test_the_first_change_leaves_a_backup_and_later_ones_keep_it(files: ProfileFiles) -> None:
    write(files, "[tools]\nregion = a\n")
    files.credentials_path.chmod(0o644)
    files.store([SESSION])
    files.remove(["tools_admin"])
    backup = files.credentials_path.with_name("credentials.crosslane-backup")
    assert backup.read_text() == "[tools]\nregion = a\n"
    assert mode(backup) == 0o600


def test_a_file_that_crosslane_made_gets_no_backup_that_would_outlive_its_keys(files: ProfileFiles) -> None:
    files.store([SESSION])
    files.store([ProfileChange("tools_admin", {"aws_access_key_id": "AKIA2"}, owner=OWNER)])
    assert not list(files.config_path.parent.glob("*.crosslane-backup"))


def test_nothing_to_change_writes_nothing(files: ProfileFiles) -> None:
    files.store([SESSION])
    before = [(path.name, path.stat().st_mtime_ns) for path in sorted(files.config_path.parent.iterdir())]
    files.store([SESSION])
    assert files.remove(["absent"]) == ()
    assert before == [(path.name, path.stat().st_mtime_ns) for path in sorted(files.config_path.parent.iterdir())]


@pytest.mark.parametrize("name", ["", " a", "a\nb", "a]", "DEFAULT"])
def test_a_name_that_no_profile_can_have_is_refused(files: ProfileFiles, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        files.store([ProfileChange(name, {"region": "x"})])


def test_a_secret_with_a_line_break_is_refused_unseen(files: ProfileFiles) -> None:
    with pytest.raises(UsageError, match="aws_secret_access_key has line breaks") as caught:
        files.store([ProfileChange("a", {"aws_secret_access_key": Secret("abc\ndef")})])
    assert "abc" not in f"{caught.value!r}{caught.value.__cause__}"
    assert not files.credentials_path.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_told(files: ProfileFiles) -> None:
    write(files, "[tools]\nregion = a\n")
    files.credentials_path.parent.chmod(0o500)
    try:
        with pytest.raises(EnvironmentFailure, match="Permission denied"):
            files.store([SESSION])
    finally:
        files.credentials_path.parent.chmod(0o700)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder that nobody can write to")
def test_a_folder_that_nobody_can_write_is_told() -> None:
    files = ProfileFiles(Path("/proc/self/credentials"), Path("/proc/self/config"))
    with pytest.raises(EnvironmentFailure, match="cannot write beside"):
        files.store([SESSION])


def test_a_home_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    files = ProfileFiles.from_environment({}, tmp_path / "home")
    assert files.profile("a") is None
    with pytest.raises(EnvironmentFailure, match=r"cannot make the folder .*/home/\.aws") as caught:
        files.store([SESSION])
    assert caught.value.next


def test_a_full_disk_replaces_neither_file(files: ProfileFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    write(files, "[tools]\nregion = a\n", "[default]\nregion = a\n")
    real, calls = os.fsync, []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 4:  # backup and new file of the credentials, backup of the config, its new file
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(EnvironmentFailure, match=r"cannot write .*config: No space left"):
        files.store([SESSION])
    assert files.credentials_path.read_text() == "[tools]\nregion = a\n"
    assert files.config_path.read_text() == "[default]\nregion = a\n"
    assert not list(files.config_path.parent.glob("*.crosslane-new"))


def test_a_folder_in_place_of_the_file_is_told(files: ProfileFiles) -> None:
    files.credentials_path.mkdir(parents=True)
    with pytest.raises(EnvironmentFailure, match="cannot read"):
        files.profile("a")


def test_utf_16_is_told_instead_of_spoiled(files: ProfileFiles) -> None:
    files.credentials_path.parent.mkdir()
    files.credentials_path.write_bytes("[tools]".encode("utf-16"))
    with pytest.raises(EnvironmentFailure, match="UTF-16"):
        files.store([SESSION])


def test_a_lock_that_is_never_given_up_is_told_after_a_while(tmp_path: Path) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with (
        locked([tmp_path / "f"]),
        pytest.raises(EnvironmentFailure, match="another process holds"),
        locked([tmp_path / "f"], seconds=1, sleep=sleep, clock=lambda: now[0]),
    ):
        pass
    assert 1 <= now[0] < 1.1


def test_left_overs_of_a_killed_writer_go_with_the_next_one(files: ProfileFiles) -> None:
    write(files, "[tools]\nregion = a\n")
    left = files.config_path.with_name("config.crosslane-new")
    left.write_text("half")
    files.store([ProfileChange("a", {"region": "x"})])
    assert not left.exists()


def test_import_is_quick_and_without_aws_packages() -> None:
    code = (
        "import sys, crosslane.credentials.profile_files as m;"
        "print([n for n in ('botocore', 'boto3', 'configparser', 'tempfile') if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
