"""Which portal flags, config and the AWS config file lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosslane.credentials.portal import Wish, find_portal
from crosslane.credentials.profile import Profile
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.sso_cache import SsoSession
from crosslane.errors import UsageError

URL, REGION = "https://corp.awsapps.com/start", "eu-west-1"
CORP = (
    f"[sso-session corp]\nsso_start_url = {URL}\nsso_region = {REGION}\nsso_registration_scopes = sso:account:access\n"
)
OTHER = "[sso-session other]\nsso_start_url = https://other.awsapps.com/start\nsso_region = us-east-1\n"
USES = "[profile {name}]\nsso_session = {session}\nsso_account_id = 111111111111\nsso_role_name = Admin\n"
OLDER = f"[profile tools]\nsso_start_url = {URL}\nsso_region = {REGION}\nsso_account_id = 111111111111\n"


def find(tmp_path: Path, config: str, wish: Wish, default_region: str | None = None) -> SsoSession | tuple[str, ...]:
    (tmp_path / "config").write_text(config)
    files = ProfileFiles(tmp_path / "credentials", tmp_path / "config")
    profiles: list[Profile] = [found for name in ("tools", "dev") if (found := files.profile(name)) is not None]
    return find_portal(wish, files.sso_sessions(), profiles, default_region=default_region)


def test_a_start_url_finds_its_section(tmp_path: Path) -> None:
    found = find(tmp_path, CORP + OTHER, Wish(URL + "/"))

    assert found == SsoSession("corp", URL, REGION, ("sso:account:access",))


def test_a_start_url_that_nobody_knows_gets_a_session_named_after_the_portal(tmp_path: Path) -> None:
    assert find(tmp_path, OTHER, Wish(URL, REGION)) == SsoSession("corp", URL, REGION, ("sso:account:access",))


def test_a_new_session_does_not_take_the_name_of_another_portals(tmp_path: Path) -> None:
    taken = CORP.replace(URL, "https://elsewhere.awsapps.com/start")

    found = find(tmp_path, taken, Wish(URL, REGION))

    assert isinstance(found, SsoSession)
    assert found.name == "corp-2"


def test_a_portal_with_a_host_of_its_own_is_named_by_it(tmp_path: Path) -> None:
    found = find(tmp_path, "", Wish("https://ssoins-1234.portal.eu-west-1.app.aws/start", REGION))

    assert isinstance(found, SsoSession)
    assert found.name == "ssoins-1234.portal.eu-west-1.app.aws"


def test_a_start_url_without_region_needs_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find(tmp_path, "", Wish(URL))

    assert caught.value.code == "NoSsoRegion"
    assert "--sso-region" in str(caught.value.next)


def test_the_region_is_taken_from_an_older_profile_of_the_same_portal(tmp_path: Path) -> None:
    found = find(tmp_path, OLDER, Wish(URL))

    assert isinstance(found, SsoSession)
    assert found.region == REGION


def test_a_section_in_another_region_is_another_session(tmp_path: Path) -> None:
    found = find(tmp_path, CORP, Wish(URL, "us-east-1"))

    assert isinstance(found, SsoSession)
    assert (found.name, found.region) == ("corp-2", "us-east-1")


def test_without_a_start_url_the_profiles_session_counts(tmp_path: Path) -> None:
    config = CORP + OTHER + USES.format(name="dev", session="other")

    found = find(tmp_path, config, Wish())

    assert isinstance(found, SsoSession)
    assert (found.name, found.scopes) == ("other", None)


def test_without_a_start_url_an_older_profiles_portal_counts(tmp_path: Path) -> None:
    found = find(tmp_path, OTHER + OLDER, Wish())

    assert isinstance(found, SsoSession)
    assert found.start_url == URL


def test_the_only_section_counts_where_no_profile_leads(tmp_path: Path) -> None:
    found = find(tmp_path, CORP, Wish())

    assert isinstance(found, SsoSession)
    assert found.name == "corp"


def test_several_sections_are_a_choice(tmp_path: Path) -> None:
    assert find(tmp_path, CORP + OTHER, Wish()) == ("corp", "other")


def test_several_sessions_of_the_profiles_are_a_choice_among_those(tmp_path: Path) -> None:
    third = OTHER.replace("other", "third")
    config = CORP + OTHER + third + USES.format(name="tools", session="corp") + USES.format(name="dev", session="third")

    assert find(tmp_path, config, Wish()) == ("corp", "third")


def test_nothing_anywhere_is_an_error_that_names_the_flags(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find(tmp_path, "[profile x]\n", Wish())

    assert caught.value.code == "NoStartUrl"
    assert "--start-url" in str(caught.value.next)


def test_a_session_that_is_named_is_used(tmp_path: Path) -> None:
    found = find(tmp_path, CORP + OTHER, Wish(name="other"))

    assert isinstance(found, SsoSession)
    assert found.region == "us-east-1"


def test_a_named_session_that_is_not_there_is_made_from_a_start_url_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sso-session mine"):
        find(tmp_path, CORP, Wish(name="mine"))

    found = find(tmp_path, "", Wish(URL, REGION, "mine"))
    assert isinstance(found, SsoSession)
    assert found.name == "mine"


def test_a_named_session_of_another_portal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not what is asked for"):
        find(tmp_path, CORP + OTHER, Wish(URL, None, "other"))


def test_a_section_that_lacks_its_keys_counts_as_none(tmp_path: Path) -> None:
    assert find(tmp_path, "[sso-session half]\nsso_region = eu-west-1\n" + CORP, Wish()) == SsoSession(
        "corp", URL, REGION, ("sso:account:access",)
    )
