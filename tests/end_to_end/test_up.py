"""One command sets four accounts up; a second one finds nothing to do; everything is as the guide says."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import jsonschema
import pytest

from crosslane.report.schema import Printed, schema_text
from tests.end_to_end.place import ACCOUNTS, CONFIG, PROGRAM, STACKS, Place, Result, listing_of, person, place_in

ROLE = "aws-refarch-cross-account-pipeline-service-role"
POLICY = "aws-refarch-cross-account-pipeline-sts-and-cloudformation-policy"


def stacks_of(place: Place) -> set[tuple[str, str]]:
    """All stacks that are there, in whatever state."""
    summaries = {a: place.aws(a, "cloudformation").list_stacks()["StackSummaries"] for a in ACCOUNTS}
    return {
        (account, stack["StackName"])
        for account, found in summaries.items()
        for stack in found
        if stack["StackStatus"] != "DELETE_COMPLETE"
    }


def fits(printed: Printed, result: Result) -> None:
    jsonschema.Draft202012Validator(json.loads(schema_text(printed))).validate(result.document)


def test_the_first_up_makes_everything_and_says_so(place: Place) -> None:
    before = place.listing()

    result = place.up()

    fits(Printed.RUN, result)
    document = result.document
    assert document["ok"] is True
    assert document["calls"]["mutating"] >= 16
    outcomes = set(result.outcomes().values())
    assert outcomes == {"created", "verified"}
    assert {name: one["id"][0] for name, one in document["accounts"].items()} == {
        "tools": "1", "dev": "2", "test": "3", "prod": "4",
    }  # fmt: skip
    assert document["profiles"] == ["tools_admin", "tools_admin_deployer"]
    assert document["pipeline"]["stages"] == [
        "Source", "Build", "DeployToTest", "ApproveDeployProd", "DeployToProduction",
    ]  # fmt: skip
    rows = {step["guide"] for step in document["steps"]} - {None}
    assert rows == {f"G{row}" for row in range(2, 17)} | {f"S{row}" for row in range(1, 7)}
    after = place.listing()
    assert {(account, name) for account in ACCOUNTS for name in after[f"{account} stacks"]} == STACKS
    assert after["dev repositories"] == ["sample-lambda"]
    assert len(after["tools buckets"]) == len(after["tools keys"]) == 1
    assert before["tools users"] == []


def test_the_second_up_finds_nothing_to_do(done: Place) -> None:
    before = done.listing()

    result = done.up()

    fits(Printed.RUN, result)
    assert result.document["calls"]["mutating"] == 0
    assert set(result.outcomes().values()) == {"unchanged", "verified"}
    assert done.listing() == before


def test_the_guides_verification_commands_give_what_the_guide_expects(done: Place) -> None:
    attached = done.aws("tools", "iam").list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]

    assert done.caller("tools_admin") == "arn:aws:iam::111111111111:user/admin"
    assert done.caller("tools_admin_deployer") == f"arn:aws:sts::111111111111:assumed-role/{ROLE}/AWSCLI-Session"
    assert POLICY in {policy["PolicyName"] for policy in attached}


def test_the_pipeline_has_the_cross_account_roles_and_the_key_by_its_arn(done: Place) -> None:
    pipeline = done.aws("tools", "codepipeline").get_pipeline(name="sample-lambda-pipeline")["pipeline"]

    roles = {
        (stage["name"], action["roleArn"].split(":")[4])
        for stage in pipeline["stages"]
        for action in stage["actions"]
        if "roleArn" in action
    }
    assert {("Source", "222222222222"), ("DeployToTest", "333333333333"), ("DeployToProduction", "444444444444")} == {
        one for one in roles if one[1] != "111111111111"
    }
    assert pipeline["pipelineType"] == "V2"
    assert pipeline["artifactStore"]["encryptionKey"]["id"].startswith("arn:aws:kms:eu-west-1:111111111111:key/")


def test_plan_and_verify_of_what_is_done_have_nothing_to_say(done: Place) -> None:
    plan, check, verify = done.run("plan", "--json"), done.run("plan", "--check"), done.run("verify", "--json")

    fits(Printed.PLAN, plan)
    assert plan.document["actions"] == []
    assert (plan.code, check.code) == (0, 0)
    fits(Printed.VERIFY, verify)
    assert verify.document["findings"] == []
    assert verify.code == 0


def test_plan_before_anything_is_there_changes_nothing(place: Place) -> None:
    before = place.listing()

    plan = place.run("plan", "--json")

    fits(Printed.PLAN, plan)
    assert plan.code == 0
    assert {action["op"] for action in plan.document["actions"]} == {"create"}
    assert place.run("plan", "--check").code == 1
    assert place.run("verify", "--json").code == 1
    assert place.listing() == before
    assert place.profiles() == {*ACCOUNTS, "organization-management"}


def test_bootstrap_and_deploy_are_the_two_halves(place: Place) -> None:
    first = place.run("bootstrap", "--json")
    assert first.code == 0, first.err
    fits(Printed.RUN, first)
    assert stacks_of(place) == set()

    second = place.run("deploy", "--json")
    assert second.code == 0, second.err
    fits(Printed.RUN, second)
    assert {step["guide"] for step in second.document["steps"]} >= {"S1", "S2", "S3", "S4", "S5", "S6"}

    assert place.up().document["calls"]["mutating"] == 0


def test_deploy_without_a_deployer_says_what_to_do(place: Place) -> None:
    result = place.run("deploy", "--json")

    assert result.code != 0
    assert result.document["ok"] is False
    assert result.document["error"]["next"]
    assert stacks_of(place) == set()


@pytest.mark.parametrize("mode", ["guide", "keyless"])
def test_the_other_modes_are_set_up_and_removed_too(tmp_path: Path, mode: str) -> None:
    with place_in(tmp_path) as place:
        place.append(f'\n[bootstrap]\nmode = "{mode}"\n')
        before = place.listing()
        place.up()

        assert place.up().document["calls"]["mutating"] == 0
        users = place.aws("tools", "iam").list_users()["Users"]
        assert [user["UserName"] for user in users] == ([] if mode == "keyless" else ["admin"])
        assert ("tools_admin" in place.profiles()) == (mode == "guide")
        assert place.run("verify").code == 0

        assert place.run("destroy", "--data", "--yes").code == 0
        assert place.listing() == before


def test_all_accounts_can_have_a_deployer(tmp_path: Path) -> None:
    with place_in(tmp_path) as place:
        place.append('\n[bootstrap]\naccounts = ["tools", "dev", "test", "prod"]\n')
        place.up()

        for account in ACCOUNTS:
            assert place.caller(f"{account}_admin_deployer").endswith(f"assumed-role/{ROLE}/AWSCLI-Session")
            assert listing_of(place, account)["users"] == ["admin"]
        assert place.up().document["calls"]["mutating"] == 0


@pytest.mark.parametrize(("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")])
def test_plan_in_the_other_partitions_has_only_their_arns(tmp_path: Path, region: str, partition: str) -> None:
    with place_in(tmp_path, region=region) as place:
        plan = place.run("plan", "--json")
        assert plan.code == 0, plan.err

        exported = place.run("plan", "--export", str(tmp_path / "out"), sandbox=False)
        assert exported.code == 0, exported.err
        text = "".join(path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert f"arn:{partition}:" in text
    assert "arn:aws:" not in text


def test_the_files_with_keys_are_for_their_owner_alone(done: Place) -> None:
    for path in (done.running.credentials_file, done.running.config_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_an_up_of_its_own_sandbox_leaves_nothing_on_the_machine(tmp_path: Path) -> None:
    (tmp_path / "crosslane.toml").write_text(CONFIG.format(region="eu-west-1"))
    (tmp_path / "tmp").mkdir()
    ended = subprocess.run(
        [*PROGRAM, "up", "--sandbox", "--json"],
        cwd=tmp_path,
        env=person(tmp_path) | {"TMPDIR": str(tmp_path / "tmp")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["ok"] is True
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crosslane.toml", "home", "tmp"]
    assert list((tmp_path / "home").iterdir()) == []
    assert list((tmp_path / "tmp").iterdir()) == []
