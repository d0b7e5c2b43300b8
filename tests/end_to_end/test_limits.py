"""IAM's limits and its slowness: five versions, two keys, and seconds until what was made is known everywhere."""

from __future__ import annotations

import json
from pathlib import Path

from tests.end_to_end.place import Place, place_in

POLICY = "arn:aws:iam::111111111111:policy/aws-refarch-cross-account-pipeline-sts-and-cloudformation-policy"
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}]}


def test_a_policy_with_five_versions_loses_its_oldest_one_that_is_not_the_default(place: Place) -> None:
    place.up()
    iam = place.aws("tools", "iam")
    for number in range(4):
        DENY["Statement"][0]["Sid"] = f"Number{number}"  # type: ignore[index]
        iam.create_policy_version(PolicyArn=POLICY, PolicyDocument=json.dumps(DENY), SetAsDefault=number == 3)
    iam.set_default_policy_version(PolicyArn=POLICY, VersionId="v1")
    iam.set_default_policy_version(PolicyArn=POLICY, VersionId="v2")

    outcomes = place.up("--yes").outcomes()

    assert outcomes[f"tools/policy/{POLICY.rpartition('/')[2]}"] == "updated"
    versions = iam.list_policy_versions(PolicyArn=POLICY)["Versions"]
    assert sorted(one["VersionId"] for one in versions) == ["v2", "v3", "v4", "v5", "v6"]
    assert [one["VersionId"] for one in versions if one["IsDefaultVersion"]] == ["v6"]
    assert place.up().document["calls"]["mutating"] == 0


def test_a_user_with_two_keys_of_others_is_told_about_and_keeps_them(place: Place) -> None:
    place.up()
    iam = place.aws("tools", "iam")
    (ours,) = [key["AccessKeyId"] for key in iam.list_access_keys(UserName="admin")["AccessKeyMetadata"]]
    theirs = iam.create_access_key(UserName="admin")["AccessKey"]["AccessKeyId"]
    text = place.running.credentials_file.read_text()
    start = text.index("[tools_admin]")
    place.running.credentials_file.write_text(text[:start])
    place.running.config_file.write_text(place.running.config_file.read_text().split("\n[profile tools_admin]")[0])

    result = place.run("up", "--json")

    assert result.code == 1
    error = result.document["error"]
    assert error["code"] == "TooManyAccessKeys"
    assert ours in error["message"]
    assert theirs in error["message"]
    assert "aws iam delete-access-key --user-name admin" in error["next"]
    assert {ours, theirs} == {k["AccessKeyId"] for k in iam.list_access_keys(UserName="admin")["AccessKeyMetadata"]}

    iam.delete_access_key(UserName="admin", AccessKeyId=theirs)
    assert place.up().outcomes()["tools/access-key/tools_admin"] == "created"


def test_a_key_that_was_deleted_by_hand_is_made_anew(place: Place) -> None:
    place.up()
    iam = place.aws("tools", "iam")
    old = place.profile("tools_admin")["aws_access_key_id"]
    iam.delete_access_key(UserName="admin", AccessKeyId=old)

    place.up("--yes")

    (key,) = iam.list_access_keys(UserName="admin")["AccessKeyMetadata"]
    assert key["AccessKeyId"] == place.profile("tools_admin")["aws_access_key_id"] != old


def test_a_deactivated_key_is_replaced_and_not_kept_beside_the_new_one(place: Place) -> None:
    place.up()
    iam = place.aws("tools", "iam")
    old = place.profile("tools_admin")["aws_access_key_id"]
    iam.update_access_key(UserName="admin", AccessKeyId=old, Status="Inactive")

    result = place.run("up", "--json", "--yes")

    assert result.code == 0, result.err
    (key,) = iam.list_access_keys(UserName="admin")["AccessKeyMetadata"]
    assert key["AccessKeyId"] != old


def test_up_waits_until_iam_knows_what_it_made(tmp_path: Path) -> None:
    with place_in(tmp_path, propagation_seconds=3, seed=7) as place:
        result = place.up()

        assert "waits until" in result.err
        assert place.up().document["calls"]["mutating"] == 0


def test_up_goes_on_at_once_after_it_was_killed_though_iam_does_not_know_everything_yet(tmp_path: Path) -> None:
    """The second run changes no principal itself, and meets the same denials as the first would have."""
    with place_in(tmp_path, propagation_seconds=9, seed=186) as place:
        killed = place.process(*PROGRAM_CUT_OFF_AT_THE_SESSION, "up", "--sandbox")
        killed.communicate(timeout=60)
        assert killed.returncode == -9

        result = place.run("up", "--json")

        assert result.code == 0, result.err


PROGRAM_CUT_OFF_AT_THE_SESSION = (
    "-c",
    """
import os, signal
from crosslane.apply import sessions
sessions.open_session = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
from crosslane.cli.main import main
main()
""",
)
