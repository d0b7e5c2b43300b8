"""A CI job becomes the deployer by its own token: one branch of one repository, in all accounts, with no profile."""

from __future__ import annotations

import configparser
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from tests.end_to_end.issuer import GITHUB, GITLAB, Issuer, write_issuers
from tests.end_to_end.place import ACCOUNTS, CONFIG, STACKS, Place, Result, environment, place_in, run_here

REPOSITORY = "github:octo-org/octo-repo@branch:main"
SUBJECT = "repo:octo-org/octo-repo:ref:refs/heads/main"
ROLE = "aws-refarch-cross-account-pipeline-service-role"
IDS = dict(zip(ACCOUNTS, ("111111111111", "222222222222", "333333333333", "444444444444"), strict=True))
ISSUER = Issuer(GITHUB)
OTHER = Issuer(GITHUB)
WITHOUT_PROFILES = CONFIG.replace(', profile = "tools"', "").replace(', profile = "dev"', "")
WITHOUT_PROFILES = WITHOUT_PROFILES.replace(', profile = "test"', "").replace(', profile = "prod"', "")
EVERYWHERE = '\n[bootstrap]\naccounts = ["tools", "dev", "test", "prod"]\n'


@contextmanager
def bootstrapped(folder: Path, repository: str = REPOSITORY) -> Iterator[Place]:
    """A place whose person has let the repository's jobs in."""
    issuers = write_issuers(folder / "issuers.json", ISSUER, Issuer(GITLAB))
    with place_in(folder, config=WITHOUT_PROFILES + EVERYWHERE, issuers=issuers) as place:
        result = place.run("bootstrap", "--oidc", repository, "--json")
        assert result.code == 0, result.err
        yield place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with bootstrapped(tmp_path_factory.mktemp("people")) as found:
        yield found


def job(place: Place, token: str, *arguments: str, role: str | None = ROLE) -> Result:
    """Run a command as a CI job does: no files, no profile, a token and the name of a role."""
    file = place.folder / "token"
    file.write_text(token)
    given = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(file), "HOME": str(place.folder / "runner")}
    if role is not None:
        given["AWS_ROLE_ARN"] = f"arn:aws:iam::111111111111:role/{role}"
    with environment(place.folder, given):
        return run_here(*arguments, "--config", str(place.config), "--sandbox", "--json")


def trust_of(place: Place, account: str) -> list[dict[str, Any]]:
    role = place.aws(account, "iam").get_role(RoleName=ROLE)["Role"]
    found: list[dict[str, Any]] = role["AssumeRolePolicyDocument"]["Statement"]
    return found


def profiles(place: Place) -> set[str]:
    parser = configparser.RawConfigParser()
    parser.read([place.running.credentials_file, place.running.config_file])
    return {name.removeprefix("profile ") for name in parser.sections()}


def test_bootstrap_makes_provider_and_trust_and_no_user(place: Place) -> None:
    assert f'oidc = "{REPOSITORY}"' in place.config.read_text(), "later commands agree with the flag"
    for account in ACCOUNTS:
        iam = place.aws(account, "iam")
        arn = f"arn:aws:iam::{IDS[account]}:oidc-provider/token.actions.githubusercontent.com"
        provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        assert provider["ClientIDList"] == ["sts.amazonaws.com"]
        assert {tag["Key"] for tag in provider["Tags"]} == {"crosslane:pipeline", "crosslane:tools-account"}
        assert iam.list_users()["Users"] == []
        people, jobs = trust_of(place, account)
        assert people["Principal"] == {"AWS": f"arn:aws:iam::{IDS[account]}:root"}
        assert jobs == {
            "Sid": "TrustJobs",
            "Effect": "Allow",
            "Principal": {"Federated": arn},
            "Action": ["sts:AssumeRoleWithWebIdentity"],
            "Condition": {
                "StringEquals": {
                    "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                    "token.actions.githubusercontent.com:sub": SUBJECT,
                }
            },
        }


def test_a_jobs_session_is_limited_by_the_managed_policies_that_it_names(place: Place) -> None:
    given = place.aws("tools", "sts").assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::111111111111:role/{ROLE}",
        RoleSessionName="job",
        WebIdentityToken=ISSUER.token(SUBJECT),
        PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}],
    )["Credentials"]
    client: Any = get_session().create_client(
        "iam",
        region_name="eu-west-1",
        endpoint_url=place.running.endpoint,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )

    with pytest.raises(ClientError, match="because no session policy allows the iam:GetRole action"):
        client.get_role(RoleName=ROLE)


def test_a_job_deploys_to_all_accounts_with_its_token_and_leaves_no_profile(place: Place) -> None:
    before = profiles(place)

    result = job(place, ISSUER.token(SUBJECT), "deploy")

    assert result.code == 0, result.err
    document = result.document
    assert {account: one["profile"] for account, one in document["accounts"].items()} == dict.fromkeys(ACCOUNTS)
    for account, name in STACKS:
        assert place.stack(account, name)["StackStatus"] == "CREATE_COMPLETE"
    assert "tools/stack-access/tools_admin_deployer" in result.outcomes()
    assert not [step for step in result.outcomes() if "session" in step or "access-key" in step]
    assert profiles(place) == before
    assert not (place.folder / "runner").exists(), "nothing is written to the runner's home"


def test_person_and_job_agree_that_nothing_is_left_to_do(place: Place) -> None:
    job(place, ISSUER.token(SUBJECT), "deploy")

    by_person, by_job = place.up(), job(place, ISSUER.token(SUBJECT), "up")

    assert by_person.document["calls"]["mutating"] == 0
    assert by_job.code == 0, by_job.err
    assert by_job.document["calls"]["mutating"] == 0
    assert set(by_job.outcomes().values()) == {"unchanged", "verified"}
    assert job(place, ISSUER.token(SUBJECT), "verify", "--no-drift").document["ok"] is True


def test_the_role_need_not_be_named(place: Place) -> None:
    result = job(place, ISSUER.token(SUBJECT), "plan", role=None)

    assert result.code == 0, result.err


# Made when they are used: a token lasts five minutes, and a run of all tests may take longer.
TOKENS: dict[str, tuple[Callable[[], str], str]] = {
    "another branch": (lambda: ISSUER.token("repo:octo-org/octo-repo:ref:refs/heads/other"), "AccessDenied"),
    "a pull request": (lambda: ISSUER.token("repo:octo-org/octo-repo:pull_request"), "AccessDenied"),
    "another repository": (lambda: ISSUER.token("repo:octo-org/other:ref:refs/heads/main"), "AccessDenied"),
    "another case": (lambda: ISSUER.token("repo:Octo-Org/octo-repo:ref:refs/heads/main"), "AccessDenied"),
    "a longer branch": (lambda: ISSUER.token(f"{SUBJECT}-2"), "AccessDenied"),
    "another audience": (lambda: ISSUER.token(SUBJECT, audience="https://github.com/octo-org"), "InvalidIdentityToken"),
    "an ended token": (lambda: ISSUER.token(SUBJECT, left=-1), "ExpiredTokenException"),
    "another key": (lambda: OTHER.token(SUBJECT), "InvalidIdentityToken"),
    "another issuer": (lambda: Issuer("https://evil.example").token(SUBJECT), "InvalidIdentityToken"),
    "no signature": (
        lambda: ISSUER.signed({"iss": GITHUB, "sub": SUBJECT, "aud": "sts.amazonaws.com", "exp": 9e9}, "none"),
        "InvalidIdentityToken",
    ),
    "nonsense": (lambda: "not a token", "InvalidIdentityToken"),
}


@pytest.mark.parametrize(("made", "code"), TOKENS.values(), ids=TOKENS.keys())
def test_any_other_token_is_refused_before_anything_is_done(place: Place, made: Callable[[], str], code: str) -> None:
    forget_sessions(place)
    token = made()

    result = job(place, token, "deploy")

    assert result.code == 3
    assert result.document["error"]["code"] == code
    assert token not in result.out + result.err
    assert result.document["error"]["next"]


def forget_sessions(place: Place) -> None:
    for path in (place.running.directory / "sessions").glob("*.json"):
        path.unlink()


def test_a_token_file_that_is_not_there_is_named(place: Place) -> None:
    forget_sessions(place)
    missing = str(place.folder / "no such token")
    with environment(place.folder, {"AWS_WEB_IDENTITY_TOKEN_FILE": missing}):
        result = run_here("deploy", "--config", str(place.config), "--sandbox", "--json")

    assert result.code == 3
    assert missing in result.document["error"]["message"]


def test_any_aws_client_can_become_the_deployer_with_the_token(place: Place) -> None:
    sts = place.aws("tools", "sts")
    answer = sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::111111111111:role/{ROLE}",
        RoleSessionName="job",
        WebIdentityToken=ISSUER.token(SUBJECT, audience=["other", "sts.amazonaws.com"]),
    )

    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["AssumedRoleUser"]["Arn"].endswith(f"assumed-role/{ROLE}/job")


def test_a_repository_that_cannot_be_told_apart_is_refused_before_anything_is_written(place: Place) -> None:
    before = place.config.read_text()

    result = place.run("bootstrap", "--oidc", "gitlab:group/project@environment:prod", "--json")

    assert result.code == 2
    assert "environment" in result.document["error"]["message"]
    assert place.config.read_text() == before


def test_a_provider_of_others_is_used_and_never_touched(tmp_path: Path) -> None:
    issuers = write_issuers(tmp_path / "issuers.json", ISSUER)
    arn = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
    with place_in(tmp_path, issuers=issuers) as place:
        iam = place.aws("tools", "iam")
        iam.create_open_id_connect_provider(Url=GITHUB, ClientIDList=["somebody"])
        place.append(f'\n[bootstrap]\noidc = "{REPOSITORY}"\n')

        refused = place.run("bootstrap", "--json")
        assert refused.code == 1
        assert "add-client-id-to-open-id-connect-provider" in refused.document["error"]["message"]

        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="sts.amazonaws.com")
        result = place.run("bootstrap", "--json", "--adopt")
        assert result.code == 0, result.err
        assert result.outcomes()["tools/provider/token.actions.githubusercontent.com"] == "unchanged"
        assert place.run("destroy", "--yes").code == 0

        provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        assert provider["ClientIDList"] == ["somebody", "sts.amazonaws.com"]
        assert provider.get("Tags", []) == []


def test_from_key_to_jobs_and_back(tmp_path: Path) -> None:
    """The user and its key go when jobs come, and the provider goes with the last role that trusts it."""
    issuers = write_issuers(tmp_path / "issuers.json", ISSUER)
    with place_in(tmp_path, issuers=issuers) as place:
        assert place.run("bootstrap", "--json").code == 0
        place.up("--oidc", REPOSITORY, "--yes")
        iam = place.aws("tools", "iam")
        assert iam.list_users()["Users"] == []
        assert "tools_admin" not in place.profiles()

        other = {"Federated": "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"}
        statement = {"Effect": "Allow", "Principal": other, "Action": "sts:AssumeRoleWithWebIdentity"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_role(RoleName="others", AssumeRolePolicyDocument=document)
        assert place.run("destroy", "--yes", "--json").code == 0
        assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1, "others trust it"

        place.up("--yes")
        iam.delete_role(RoleName="others")
        place.edit(f'oidc = "{REPOSITORY}"', 'mode = "keyless"')
        place.up("--yes")
        assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
        assert len(trust_of(place, "tools")) == 1
