"""The two forms of a sign-in's profile, from one to the other and back, as botocore resolves them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import botocore.session
import pytest

from crosslane.credentials.profile import Profile, ProfileChange
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.secret import Keys, Secret
from crosslane.credentials.sign_in_profiles import (
    keys_profile,
    serves,
    session_profile,
    session_section,
    without_temporary_keys,
)
from crosslane.credentials.sso_cache import SsoSession
from crosslane.errors import OutcomeError

MARK = "shop@111111111111"
SESSION = SsoSession("corp", "https://corp.awsapps.com/start", "eu-west-1", ("sso:account:access",))
KEYS = Keys("ASIAIOSFODNN7EXAMPLE", Secret("secret"), Secret("token"), datetime(2026, 11, 24, 12, tzinfo=UTC))


@pytest.fixture
def files(tmp_path: Path) -> ProfileFiles:
    return ProfileFiles(tmp_path / "credentials", tmp_path / "config")


def by_session(adopt: bool = False) -> ProfileChange:
    return session_profile(
        "dev", SESSION, account_id="222222222222", permission_set="Admin", region="eu-west-1", mark=MARK, adopt=adopt
    )


def by_keys(adopt: bool = False) -> ProfileChange:
    return keys_profile("dev", KEYS, region="eu-west-1", mark=MARK, adopt=adopt)


def method(files: ProfileFiles) -> str:
    """The source of credentials that botocore finds in the profile."""
    session = botocore.session.Session(profile="dev")
    session.set_config_variable("credentials_file", str(files.credentials_path))
    session.set_config_variable("config_file", str(files.config_path))
    credentials = session.get_credentials()
    assert credentials is not None
    return str(credentials.method)


def profile(files: ProfileFiles) -> Profile:
    found = files.profile("dev")
    assert found is not None
    return found


def test_a_profile_that_names_the_session_holds_no_secret_and_leads_to_identity_center(files: ProfileFiles) -> None:
    files.store([session_section(SESSION, adopt=False), by_session()])

    assert not files.credentials_path.exists()
    assert method(files) == "sso"
    assert (profile(files).sso_account_id, profile(files).sso_role_name) == ("222222222222", "Admin")
    assert files.sso_session("corp") == {
        "sso_start_url": SESSION.start_url,
        "sso_region": "eu-west-1",
        "sso_registration_scopes": "sso:account:access",
    }


def test_the_forms_follow_each_other_without_leaving_the_other_behind(files: ProfileFiles) -> None:
    files.store([session_section(SESSION, adopt=False), by_session()])
    files.store([by_keys()])
    assert method(files) == "shared-credentials-file"
    assert profile(files).sso_session is None
    assert profile(files).keys == KEYS

    files.store([by_session()])
    assert method(files) == "sso"
    assert profile(files).keys is None
    assert "ASIA" not in files.credentials_path.read_text()


@pytest.mark.parametrize(
    "settings",
    [
        "role_arn = arn:aws:iam::222222222222:role/x\nsource_profile = other\n",
        "credential_process = /bin/false\n",
        "sso_start_url = https://old.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 1\n",
        "aws_access_key_id = AKIAOLD\naws_secret_access_key = old\n",
        "web_identity_token_file = /nowhere\nrole_arn = arn:aws:iam::222222222222:role/x\n",
    ],
)
@pytest.mark.parametrize("static", [False, True])
def test_whatever_a_taken_over_profile_led_to_before_is_gone(files: ProfileFiles, settings: str, static: bool) -> None:
    files.config_path.write_text(f"[profile dev]\n{settings}s3 =\n  max_concurrent_requests = 4\n")
    with pytest.raises(OutcomeError):
        files.store([by_keys() if static else by_session()])

    files.store([by_keys(adopt=True)] if static else [session_section(SESSION, adopt=False), by_session(adopt=True)])

    assert method(files) == ("shared-credentials-file" if static else "sso")
    assert "max_concurrent_requests = 4" in files.config_path.read_text()


def test_somebody_elses_profile_serves_if_it_is_the_same_sign_in(files: ProfileFiles) -> None:
    files.config_path.write_text(
        "[profile dev]\nsso_session = corp\nsso_account_id = 222222222222\nsso_role_name = Admin\n"
    )
    found = profile(files)

    assert serves(found, SESSION, "222222222222", None)
    assert serves(found, SESSION, "222222222222", "Admin")
    assert not serves(found, SESSION, "222222222222", "Look")
    assert not serves(found, SESSION, "333333333333", None)
    assert not serves(found, SsoSession("other", SESSION.start_url, "eu-west-1"), "222222222222", None)


def test_only_temporary_keys_of_ours_are_taken_out(files: ProfileFiles) -> None:
    long_term = Keys("AKIAIOSFODNN7EXAMPLE", Secret("secret"))
    files.store([by_keys(), keys_profile("dev_admin", long_term, region="eu-west-1", mark=MARK, adopt=False)])
    files.store([keys_profile("theirs", KEYS, region="eu-west-1", mark="other@111111111111", adopt=False)])
    all_of_them = [found for name in files.names() if (found := files.profile(name)) is not None]

    files.store(without_temporary_keys(all_of_them, MARK))

    assert profile(files).keys is None
    assert profile(files).region == "eu-west-1"
    for name in ("dev_admin", "theirs"):
        left = files.profile(name)
        assert left is not None
        assert left.keys is not None
