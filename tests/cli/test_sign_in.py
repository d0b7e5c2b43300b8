"""Signing in and out against the sandbox's portal; the tests are the person and the browser."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config as ClientConfig
from botocore.credentials import SSOCredentialFetcher
from tests.end_to_end.place import ACCOUNTS, PROGRAM, ROOT, Place, Result, environment, person, place_in
from tests.sandbox.browser import approve

from crosslane.aws.gateway import sso_cache_folder
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.sso_cache import SsoCache, SsoSession
from crosslane.sandbox.lifecycle import START_URL

SESSION = SsoSession("crosslane-sandbox", START_URL, "eu-west-1", ("sso:account:access",))
IDS = dict(zip(ACCOUNTS, (f"{digit}" * 12 for digit in "1234"), strict=True))
SETS = ("AdministratorAccess", "Look_Only")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Four accounts with one permission set each; every test begins with nobody signed in."""
    with place_in(tmp_path_factory.mktemp("place")) as found:
        yield found


@pytest.fixture(scope="module")
def choice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Four accounts with two permission sets each."""
    with place_in(tmp_path_factory.mktemp("choice"), permission_sets=SETS) as found:
        yield found


@pytest.fixture(autouse=True)
def _as_before(request: pytest.FixtureRequest) -> Iterator[None]:
    """The sandbox's files as the test found them."""
    used = [request.getfixturevalue(name) for name in ("place", "choice") if name in request.fixturenames]
    before = [
        (path, path.read_bytes()) for one in used for path in (one.running.credentials_file, one.running.config_file)
    ]
    yield
    for path, content in before:
        path.write_bytes(content)
    for one in used:
        for path in cache_of(one).folder.glob("*.json"):
            path.unlink()


def cache_of(place: Place) -> SsoCache:
    return SsoCache(sso_cache_folder(place.running.credentials_file))


def files_of(place: Place) -> ProfileFiles:
    return ProfileFiles(place.running.credentials_file, place.running.config_file)


def sign_in(place: Place, *arguments: str, says: str = "allow") -> Result:
    """``sign-in`` with a browser that is opened and does as the person says."""
    opened: list[str] = []

    def browser(url: str) -> bool:
        opened.append(url)
        threading.Thread(target=approve, args=(url, says), daemon=True).start()
        return True

    with mock.patch("crosslane.cli.sign_in.open_browser", browser):
        result = place.run("sign-in", "--browser", *arguments)
    return Result(result.code, result.out, result.err + "".join(f"\nBROWSER {url}" for url in opened))


def openings(result: Result) -> int:
    return result.err.count("\nBROWSER ")


def portal(place: Place) -> Any:
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    unsigned = ClientConfig(signature_version=UNSIGNED, proxies={})
    return session.create_client("sso", region_name="eu-west-1", endpoint_url=place.running.endpoint, config=unsigned)


def access_token(place: Place) -> str:
    token = cache_of(place).token(SESSION)
    assert token is not None
    return token.access_token.reveal()


def test_one_approval_signs_in_to_four_accounts(place: Place) -> None:
    result = sign_in(place, "--json")

    assert result.code == 0, result.err
    assert openings(result) == 1
    document = result.document
    assert document["ok"] is True
    assert document["error"] is None
    assert document["session"]["name"] == "crosslane-sandbox"
    assert document["session"]["renewable"] is True
    assert [(one["name"], one["id"], one["profile"]) for one in document["accounts"]] == [
        (name, IDS[name], name) for name in ACCOUNTS
    ]
    for one in document["accounts"]:
        assert one["arn"].startswith(f"arn:aws:sts::{one['id']}:assumed-role/AWSReservedSSO_AdministratorAccess_")
        found = files_of(place).profile(one["profile"])
        assert found is not None
        assert (found.sso_session, found.sso_account_id) == ("crosslane-sandbox", one["id"])
        assert found.sso_role_name == "AdministratorAccess"
        assert (found.region, found.output) == ("eu-west-1", "json")
        assert found.keys is None
        assert found.owner == "sample-lambda@111111111111"


def test_a_second_sign_in_asks_nobody_and_changes_nothing(place: Place) -> None:
    sign_in(place)
    before = place.running.config_file.read_bytes()

    result = sign_in(place, "--json")

    assert openings(result) == 0
    assert {one["outcome"] for one in result.document["accounts"]} == {"unchanged"}
    assert place.running.config_file.read_bytes() == before


def test_only_the_accounts_that_are_named_are_signed_in_to(place: Place) -> None:
    before = place.running.credentials_file.read_text()

    result = sign_in(place, "dev", "test")

    assert result.code == 0, result.err
    assert "arn:aws:sts::222222222222" in result.out
    for name in ("tools", "prod"):
        assert f"arn:aws:sts::{IDS[name]}" not in result.out
        assert re.search(rf"\[{name}\]\n.*\n.*\n.*", before)[0] in place.running.credentials_file.read_text()  # type: ignore[index]


def test_static_stores_temporary_keys_that_any_client_can_use(place: Place) -> None:
    result = sign_in(place, "dev", "--static", "--json")

    assert result.code == 0, result.err
    (one,) = result.document["accounts"]
    assert one["expires"] is not None
    found = files_of(place).profile("dev")
    assert found is not None
    assert found.sso_session is None
    assert found.keys is not None
    assert found.keys.expires is not None
    assert place.caller("dev") == one["arn"]


def test_a_device_code_is_shown_and_can_be_used_elsewhere(place: Place) -> None:
    result = sign_in(place, "--device", "tools")

    assert result.code == 0, result.err
    assert re.search(r"enter the code\n  [A-Z]{4}-[A-Z]{4}\n", result.err)
    assert f"{place.running.endpoint}/device\n" in result.err


@pytest.mark.parametrize("flow", ["--browser", "--device"])
def test_a_person_who_says_no_is_not_signed_in_and_nothing_is_written(place: Place, flow: str) -> None:
    before = place.running.config_file.read_bytes()

    result = sign_in(place, flow, says="deny")

    assert result.code == 1
    assert "denied in the browser" in result.err
    assert "next: crosslane sign-in again" in result.err
    assert place.running.config_file.read_bytes() == before
    assert cache_of(place).token(SESSION) is None


def test_a_token_about_to_end_is_renewed_without_asking(place: Place) -> None:
    sign_in(place)
    old = access_token(place)
    path = cache_of(place).token_path(SESSION)
    document = json.loads(path.read_text())
    document["expiresAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    path.write_text(json.dumps(document))

    result = sign_in(place)

    assert (result.code, openings(result)) == (0, 0)
    assert access_token(place) != old


def test_a_session_that_was_revoked_elsewhere_is_begun_anew(place: Place) -> None:
    sign_in(place)
    old = access_token(place)
    portal(place).logout(accessToken=old)

    result = sign_in(place)

    assert (result.code, openings(result)) == (0, 1)
    assert access_token(place) != old


def test_yes_in_the_sandbox_approves_by_itself_and_says_so(place: Place) -> None:
    for flow in ([], ["--device"]):
        place.run("sign-out")
        result = place.run("sign-in", "--yes", *flow)

        assert result.code == 0, result.err
        assert "--yes: approves the sign-in itself" in result.err


def test_in_the_sandbox_no_browser_is_opened_unasked(place: Place) -> None:
    with mock.patch("crosslane.cli.sign_in.open_browser", side_effect=AssertionError("a browser was opened")):
        assert place.run("sign-in", "--yes").code == 0


def test_an_account_that_the_person_has_no_access_to_fails_alone(place: Place, tmp_path: Path) -> None:
    text = place.config.read_text()
    place.edit('prod  = { id = "444444444444"', 'prod  = { id = "999999999999"')
    try:
        result = sign_in(place, "--json")
    finally:
        place.config.write_text(text)

    assert result.code == 1
    assert result.document["ok"] is False
    assert result.document["error"]["code"] == "NoPermissionSet"
    outcomes = {one["name"]: one["outcome"] for one in result.document["accounts"]}
    assert outcomes.pop("prod") == "failed"
    assert set(outcomes.values()) == {"updated"}
    assert "(account prod)" in result.err


def test_a_choice_of_permission_sets_is_an_error_where_nobody_can_be_asked(choice: Place) -> None:
    result = sign_in(choice)

    assert result.code == 2
    assert "tools, dev, test, prod: there is a choice of permission sets: AdministratorAccess, Look_Only" in result.err
    assert "next: add --permission-set AdministratorAccess" in result.err


def test_the_permission_set_that_is_named_is_used_and_kept_the_next_time(choice: Place) -> None:
    first = sign_in(choice, "--permission-set", "Look_Only", "--json")
    second = sign_in(choice, "--json")

    for result in (first, second):
        assert {one["permission_set"] for one in result.document["accounts"]} == {"Look_Only"}
    assert "AWSReservedSSO_Look_Only_" in first.document["accounts"][0]["arn"]


def test_a_permission_set_that_is_not_offered_is_named_with_those_that_are(choice: Place) -> None:
    result = sign_in(choice, "dev", "--permission-set", "Owner")

    assert result.code == 1
    assert "does not offer permission set Owner in this account, but AdministratorAccess, Look_Only" in result.err


def test_the_permission_set_of_the_config_counts(choice: Place) -> None:
    text = choice.config.read_text()
    choice.append('\n[sign_in]\npermission_set = "Look_Only"\n')
    try:
        result = sign_in(choice, "dev", "--json")
    finally:
        choice.config.write_text(text)

    assert result.document["accounts"][0]["permission_set"] == "Look_Only"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deev"], "did you mean dev?"),
        (["--start-url", "https://other.awsapps.com/start"], "check the portal's start URL and region"),
        (["--start-url", "http://plain"], "is not the start URL"),
        (["--sso-region", "mars"], "is not a region"),
        (["--sso-session", "nobody"], "no sso-session nobody"),
        (["--paste", "--device"], "cannot be used with --paste"),
        (["--paste", "tools", "dev"], "of one account"),
    ],
)
def test_what_cannot_be_is_said_with_what_helps(place: Place, arguments: list[str], said: str) -> None:
    result = place.run("sign-in", "--yes", *arguments)

    assert result.code in (2, 3)
    assert said in result.err


def test_profiles_that_are_signed_in_set_everything_up(tmp_path: Path) -> None:
    with place_in(tmp_path) as place:
        assert sign_in(place).code == 0

        result = place.run("up", "--json")

        assert result.code == 0, result.err
        assert {one["arn"].split(":")[4] for one in result.document["accounts"].values()} == set(IDS.values())
        assert place.run("verify", "--no-drift").code == 0
        again = place.run("up", "--json")
        assert again.document["calls"]["mutating"] == 0
        out = place.run("sign-out", "--json")
        assert "tools_admin_deployer" in out.document["caches"]
        failed = place.run("up", "--json")
        assert failed.code == 3
        assert "crosslane sign-in" in failed.document["error"]["next"]
        assert sign_in(place).code == 0
        assert place.run("up", "--json").code == 0


def test_sign_out_ends_the_session_and_says_what_it_removed_and_again_there_is_nothing(place: Place) -> None:
    sign_in(place)
    sign_in(place, "dev", "--static")
    token = access_token(place)

    first, second = place.run("sign-out", "--json"), place.run("sign-out", "--json")

    assert (first.code, second.code) == (0, 0)
    assert first.document["tokens"] == [str(cache_of(place).token_path(SESSION))]
    assert first.document["ended"] == [START_URL]
    assert first.document["profiles"] == ["dev"]
    for key in ("tokens", "ended", "profiles", "caches", "warnings"):
        assert second.document[key] == []
    assert cache_of(place).token(SESSION) is None
    with pytest.raises(Exception, match="UnauthorizedException"):
        portal(place).list_accounts(accessToken=token)
    found = files_of(place).profile("dev")
    assert found is not None
    assert found.keys is None
    assert "nobody was signed in" in place.run("sign-out").out


def test_sign_out_leaves_profiles_of_others_alone(place: Place) -> None:
    before = place.profile("tools")

    place.run("sign-out")

    assert place.profile("tools") == before


def block(place: Place, profile: str) -> str:
    """What the portal shows for an account, in the form for bash, with the sandbox's starting keys."""
    keys = place.profile(profile)
    return "".join(f'export {name.upper()}="{value}"\n' for name, value in keys.items() if name.startswith("aws_"))


def paste(place: Place, text: str, *arguments: str) -> Result:
    process = subprocess.run(
        [*PROGRAM, "sign-in", "--paste", "--sandbox", *arguments],
        env=person(place.folder),
        cwd=place.folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Result(process.returncode, process.stdout, process.stderr)


def test_a_pasted_block_finds_its_account_and_is_checked_and_stored(place: Place) -> None:
    keys = place.profile("test")

    result = paste(place, block(place, "test"), "--json")

    assert result.code == 0, result.err
    (one,) = result.document["accounts"]
    assert (one["name"], one["profile"]) == ("test", "test")
    assert one["arn"].startswith("arn:aws:sts::333333333333:assumed-role/")
    stored = place.profile("test")
    assert stored["crosslane_pipeline"] == "sample-lambda@111111111111"
    assert {name: stored[name] for name in keys} == keys


def test_a_pasted_block_of_another_account_is_refused_and_not_stored(place: Place) -> None:
    before = place.running.credentials_file.read_bytes()

    result = paste(place, block(place, "test"), "dev")

    assert result.code == 1
    assert "not of dev (222222222222); nothing was stored" in result.err
    assert place.running.credentials_file.read_bytes() == before


def test_pasted_keys_that_aws_does_not_know_are_refused_and_not_shown(place: Place) -> None:
    before = place.running.credentials_file.read_bytes()
    secret = place.profile("dev")["aws_secret_access_key"]
    text = block(place, "dev").replace("ASIA", "ASIAX")

    result = paste(place, text, "-vv")

    assert result.code == 3
    assert "AWS does not accept the pasted keys" in result.err
    assert secret not in result.out + result.err
    assert place.running.credentials_file.read_bytes() == before


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, place: Place, *arguments: str) -> None:
        self.controller, worker = pty.openpty()
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments, "--sandbox"],
            stdin=worker, stdout=worker, stderr=worker, close_fds=True, start_new_session=True,
            env=person(place.folder) | {"TERM": "dumb"}, cwd=place.folder,
        )  # fmt: skip
        os.close(worker)
        self.screen = ""

    def until(self, text: str, seconds: float = 60) -> None:
        """Wait until ``text`` is on the screen."""
        limit = time.monotonic() + seconds
        while text not in self.screen:
            assert time.monotonic() < limit, self.screen
            self._read(0.1)

    def type(self, text: str) -> None:
        os.write(self.controller, text.encode())

    def end(self) -> int:
        """Wait for the end; the exit code."""
        while self.process.poll() is None:
            self._read(0.1)
        self._read(0.1)
        os.close(self.controller)
        return self.process.returncode

    def _read(self, seconds: float) -> None:
        if select.select([self.controller], [], [], seconds)[0]:
            try:
                self.screen += os.read(self.controller, 65536).decode(errors="replace")
            except OSError:
                self.process.wait(10)


def test_on_a_terminal_the_choice_is_asked_for_once(choice: Place) -> None:
    terminal = Terminal(choice, "sign-in", "--device")
    terminal.until("with the code filled in\r\n  http")
    terminal.until("user_code=")
    terminal._read(0.2)
    url = re.search(r"http\S+user_code=\S+", terminal.screen)
    assert url is not None
    approve(url[0])
    terminal.until("Which permission set in tools, dev, test, prod?")
    terminal.type("Look_Only\n")

    assert terminal.end() == 0, terminal.screen
    assert terminal.screen.count("Which permission set") == 1
    assert terminal.screen.count("AWSReservedSSO_Look_Only_") == 4


def test_what_is_pasted_on_a_terminal_is_not_shown(place: Place) -> None:
    keys = place.profile("dev")
    terminal = Terminal(place, "sign-in", "--paste", "dev")
    terminal.until("it is not shown")
    while termios.tcgetattr(terminal.controller)[3] & termios.ECHO:
        time.sleep(0.02)
    terminal.type(block(place, "dev"))

    assert terminal.end() == 0, terminal.screen
    assert "profile dev" in terminal.screen
    for name in ("aws_secret_access_key", "aws_session_token"):
        assert keys[name] not in terminal.screen


@contextmanager
def machine(place: Place, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Somebody's machine for which the sandbox is AWS: no ``--sandbox``, their own ``~/.aws``."""
    (tmp_path / "crosslane.toml").write_text(place.config.read_text())
    player = tmp_path / "browser"
    player.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "pathlib.Path(__file__).with_name('opened').open('a').write(sys.argv[1] + '\\n')\n"
        "from tests.sandbox.browser import approve\napprove(sys.argv[1])\n"
    )
    player.chmod(0o755)
    yield person(tmp_path) | {
        "AWS_ENDPOINT_URL": place.running.endpoint,
        "BROWSER": f"{player} %s &",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


def on(machine: dict[str, str], folder: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(arguments), env=machine, cwd=folder, input=text, capture_output=True, text=True, timeout=60
    )


def cli_caches(folder: Path) -> list[Path]:
    """Role credentials as version 2 of the AWS CLI caches them: of our profile dev, and of somebody else."""
    made: Any = SSOCredentialFetcher
    ours = made(START_URL, "eu-west-1", "AdministratorAccess", IDS["dev"], None, sso_session_name=SESSION.name)
    folder.mkdir(parents=True)
    found = [folder / f"{ours._cache_key}.json", folder / "foreign.json"]
    for path in found:
        path.write_text('{"ProviderType": "sso", "Credentials": {}}')
    return found


PORTAL = ("--start-url", START_URL, "--sso-region", "eu-west-1")


def test_the_aws_cli_goes_on_with_the_sign_in_and_its_sign_out_ends_it_for_both(place: Place, tmp_path: Path) -> None:
    with machine(place, tmp_path) as home:
        done = on(home, tmp_path, *PROGRAM, "sign-in", *PORTAL)
        assert done.returncode == 0, done.stderr
        opened = (tmp_path / "opened").read_text().splitlines()
        assert len(opened) == 1
        assert "/authorize?" in opened[0]

        aws = Path(sys.executable).parent / "aws"
        for name in ACCOUNTS:
            told = on(home, tmp_path, str(aws), "sts", "get-caller-identity", "--profile", name)
            assert json.loads(told.stdout)["Account"] == IDS[name], told.stderr
        cached = cli_caches(tmp_path / "home" / ".aws" / "cli" / "cache")
        ended = on(home, tmp_path, *PROGRAM, "sign-out", "--json")

        document = json.loads(ended.stdout)
        assert document["ended"] == [START_URL]
        assert document["caches"] == ["dev"]
        assert [path.name for path in cached if path.exists()] == ["foreign.json"]
        told = on(home, tmp_path, str(aws), "sts", "get-caller-identity", "--profile", "dev")
        assert told.returncode != 0


def test_a_profile_of_somebody_else_is_left_alone_until_adopt(place: Place, tmp_path: Path) -> None:
    with machine(place, tmp_path) as home:
        config = tmp_path / "home" / ".aws" / "config"
        config.parent.mkdir()
        theirs = "# mine\n[profile dev]\nrole_arn = arn:aws:iam::222222222222:role/x\nsource_profile = other\n"
        config.write_text(theirs)

        refused = on(home, tmp_path, *PROGRAM, "sign-in", "dev", *PORTAL)
        assert refused.returncode == 1
        assert "profile dev exists and was not made by this pipeline; nothing was changed" in refused.stderr
        assert "--adopt" in refused.stderr
        assert config.read_text() == theirs
        assert not (tmp_path / "opened").exists()

        adopted = on(home, tmp_path, *PROGRAM, "sign-in", "dev", "--adopt", *PORTAL, "--json")
        assert json.loads(adopted.stdout)["accounts"][0]["outcome"] == "adopted"
        assert "# mine" in config.read_text()


def test_somebody_elses_profile_of_the_same_sign_in_is_used_as_it_is(place: Place, tmp_path: Path) -> None:
    with machine(place, tmp_path) as home:
        config = tmp_path / "home" / ".aws" / "config"
        config.parent.mkdir()
        theirs = (
            f"[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = eu-west-1\n\n"
            "[profile dev]\nsso_session = corp\nsso_account_id = 222222222222\nsso_role_name = AdministratorAccess\n"
            "region = us-east-1\n"
        )
        config.write_text(theirs)

        done = on(home, tmp_path, *PROGRAM, "sign-in", "dev", "--json")

        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert (document["session"]["name"], document["accounts"][0]["outcome"]) == ("corp", "unchanged")
        assert config.read_text() == theirs


def test_no_secret_is_shown_or_written_anywhere_but_where_it_belongs(place: Place, tmp_path: Path) -> None:
    starting = place.profile("test")
    with machine(place, tmp_path) as home:
        runs = [
            on(home, tmp_path, *PROGRAM, "sign-in", "-vv", *PORTAL),
            on(home, tmp_path, *PROGRAM, "sign-in", "dev", "--static", "-vv", "--json"),
            on(home, tmp_path, *PROGRAM, "sign-in", "-vv", "--paste", text=block(place, "test")),
            on(home, tmp_path, *PROGRAM, "sign-in", "-vv", "--paste", "dev", text=block(place, "test")),
        ]
        assert [one.returncode for one in runs] == [0, 0, 0, 1], [one.stderr for one in runs]
        cache = tmp_path / "home" / ".aws" / "sso" / "cache"
        tokens = [json.loads(path.read_text()) for path in cache.glob("*.json")]
        secrets = {
            one[key] for one in tokens for key in ("accessToken", "refreshToken", "clientSecret") if key in one
        } | {starting["aws_secret_access_key"], starting["aws_session_token"]}
        keys = ProfileFiles(tmp_path / "home/.aws/credentials", tmp_path / "home/.aws/config").profile("dev")
        assert keys is not None
        assert keys.keys is not None
        assert keys.keys.session_token is not None
        secrets |= {keys.keys.secret_access_key.reveal(), keys.keys.session_token.reveal()}
        runs.append(on(home, tmp_path, *PROGRAM, "sign-out", "-vv"))

    assert len(secrets) == 7
    shown = "".join(one.stdout + one.stderr for one in runs) + (tmp_path / "opened").read_text()
    assert not [secret for secret in secrets if secret in shown]
    held = {
        str(path.relative_to(tmp_path))
        for path in tmp_path.rglob("*")
        if path.is_file() and any(secret in path.read_text(errors="replace") for secret in secrets)
    }
    registrations = {name for name in held if name.startswith("home/.aws/sso/cache/")}
    assert held - registrations == set()
    for name in registrations:
        assert "accessToken" not in (tmp_path / name).read_text()
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_with_the_sandbox_the_persons_own_files_are_neither_read_nor_written(place: Place) -> None:
    with environment(place.folder):
        aws = Path.home() / ".aws"
    assert not aws.exists()
    assert sign_in(place).code == 0
    assert place.run("sign-out").code == 0

    assert not aws.exists()
