"""An account without a profile takes what AWS's own tools take: keys in the environment, or a token and a role."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.end_to_end.issuer import GITHUB, Issuer, write_issuers
from tests.end_to_end.place import Place, Result, environment, place_in, run_here

ISSUER = Issuer(GITHUB)
SUBJECT = "repo:octo-org/octo-repo:ref:refs/heads/main"
PROVIDER = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
ONE_ACCOUNT = """\
version = 1

[pipeline]
name = "sample-lambda"
region = "{region}"
source = {{ account = "tools" }}

[accounts]
tools = {{ id = "111111111111" }}

[[stages]]
name = "test"
account = "tools"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("chain")
    with place_in(folder, config=ONE_ACCOUNT, issuers=write_issuers(folder / "issuers.json", ISSUER)) as found:
        yield found


def run(place: Place, given: Mapping[str, str], *arguments: str) -> Result:
    """Run a command as on AWS: without --sandbox. AWS is the sandbox, by the one variable that all AWS tools know."""
    more = {"AWS_ENDPOINT_URL": place.running.endpoint, "AWS_EC2_METADATA_DISABLED": "true", **given}
    with environment(place.folder, more):
        return run_here(*arguments, "--config", str(place.config), "--json")


def keys_of(place: Place) -> dict[str, str]:
    profile = place.profile("tools")
    return {
        "AWS_ACCESS_KEY_ID": profile["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": profile["aws_secret_access_key"],
        "AWS_SESSION_TOKEN": profile["aws_session_token"],
    }


def test_keys_in_the_environment_set_everything_up_and_take_it_down(place: Place) -> None:
    result = run(place, keys_of(place), "up")

    assert result.code == 0, result.err
    assert result.document["accounts"]["tools"]["profile"] is None
    assert result.document["profiles"] == ["tools_admin", "tools_admin_deployer"], "called like the account"
    home = place.folder / "home" / ".aws"
    assert "[tools_admin]" in (home / "credentials").read_text()
    assert run(place, keys_of(place), "up").document["calls"]["mutating"] == 0
    assert run(place, keys_of(place), "destroy", "--data", "--yes").code == 0
    assert "tools_admin" not in (home / "credentials").read_text()


def test_a_token_and_a_role_of_an_administrator_do_the_same(place: Place) -> None:
    iam = place.aws("tools", "iam")
    iam.create_open_id_connect_provider(Url=GITHUB, ClientIDList=["sts.amazonaws.com"])
    condition = {"StringEquals": {"token.actions.githubusercontent.com:sub": SUBJECT}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName="ci", AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName="ci", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    token = place.folder / "token"
    token.write_text(ISSUER.token(SUBJECT))
    given = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/ci"}
    try:
        result = run(place, given, "bootstrap")

        assert result.code == 0, result.err
        assert ":assumed-role/ci/" in result.document["accounts"]["tools"]["arn"]
        assert run(place, given, "destroy", "--yes").code == 0
    finally:
        iam.detach_role_policy(RoleName="ci", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        iam.delete_role(RoleName="ci")
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)


def test_who_is_the_deployer_already_opens_no_session_of_it(place: Place, tmp_path: Path) -> None:
    """As after a CI action that exports a session's keys: there is no token file then."""
    text = place.config.read_text()
    place.append('\n[bootstrap]\noidc = "github:octo-org/octo-repo@branch:main"\n')
    try:
        assert run(place, keys_of(place), "bootstrap").code == 0
        answer = place.aws("tools", "sts").assume_role_with_web_identity(
            RoleArn="arn:aws:iam::111111111111:role/aws-refarch-cross-account-pipeline-service-role",
            RoleSessionName="GitHubActions",
            WebIdentityToken=ISSUER.token(SUBJECT),
        )["Credentials"]
        given = {
            "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
            "AWS_SESSION_TOKEN": answer["SessionToken"],
            "HOME": str(tmp_path),
        }

        result = run(place, given, "deploy")

        assert result.code == 0, result.err
        assert not [step for step in result.outcomes() if "/session" in step]
        assert list(tmp_path.iterdir()) == []
        assert run(place, keys_of(place), "destroy", "--data", "--yes").code == 0
    finally:
        place.config.write_text(text)


def test_without_any_credentials_it_says_so(place: Place) -> None:
    result = run(place, {}, "plan")

    assert result.code == 3
    assert result.document["error"]["code"] == "NoCredentials"
    assert "credential chain" in result.document["error"]["message"]
