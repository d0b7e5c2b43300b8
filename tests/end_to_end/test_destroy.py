"""Destroy leaves nothing but the data, and with --data nothing at all."""

from __future__ import annotations

import io
from pathlib import Path

from tests.end_to_end.place import Place, place_in


def fill(place: Place) -> str:
    """Objects, older versions, a delete marker and an unfinished upload in the artifact bucket; its name."""
    (bucket,) = place.listing()["tools buckets"]
    s3 = place.aws("tools", "s3")
    for key in ("a", "b", "b", "c"):
        # Nobody but the pipeline may use the key, so that a stranger has to bring no encryption at all.
        s3.put_object(Bucket=bucket, Key=f"sample-lambda/{key}", Body=io.BytesIO(b"x"), ServerSideEncryption="AES256")
    s3.delete_object(Bucket=bucket, Key="sample-lambda/c")
    s3.create_multipart_upload(Bucket=bucket, Key="sample-lambda/unfinished", ServerSideEncryption="AES256")
    return bucket


def test_it_leaves_bucket_key_and_repository_and_then_nothing(place: Place) -> None:
    before = place.listing()
    files = place.running.credentials_file.read_bytes(), place.running.config_file.read_bytes()
    place.up()
    bucket = fill(place)
    made = place.listing()

    first = place.run("destroy", "--yes", "--json")

    assert first.code == 0, first.err
    kept = {"tools buckets": [bucket], "tools keys": made["tools keys"], "dev repositories": ["sample-lambda"]}
    assert place.listing() == before | kept
    (warning,) = [one["message"] for one in first.document["warnings"] if one["id"] == "data-kept"]
    assert bucket in warning
    assert made["tools keys"][0] in warning
    assert (place.running.credentials_file.read_bytes(), place.running.config_file.read_bytes()) == files

    second = place.run("destroy", "--data", "--yes", "--json")

    assert second.code == 0, second.err
    assert {step["id"].split("/")[1] for step in second.document["steps"]} == {"bucket", "key", "repository"}
    assert place.listing() == before
    key = place.aws("tools", "kms").describe_key(KeyId=made["tools keys"][0])["KeyMetadata"]
    assert key["KeyState"] == "PendingDeletion"

    third = place.run("destroy", "--data", "--yes")

    assert (third.code, place.listing()) == (0, before)
    assert "Nothing to remove" in third.out


def test_a_dry_run_shows_it_all_and_removes_nothing(done: Place) -> None:
    before = done.listing()

    text, document = done.run("destroy", "--dry-run"), done.run("destroy", "--dry-run", "--data", "--json").document

    assert text.code == 0
    assert "stack sample-lambda-pipeline" in text.out
    assert {action["op"] for action in document["actions"]} == {"delete"}
    assert {"bucket", "key", "repository", "user", "role", "policy", "profiles", "stack"} == {
        action["kind"] for action in document["actions"]
    }
    assert done.listing() == before


def test_it_works_when_the_session_has_ended_and_its_profile_is_gone(place: Place) -> None:
    before = place.listing()
    place.up()
    config = place.running.config_file
    config.write_text(config.read_text().split("\n[profile tools_admin]")[0] + "\n")
    for path in place.running.directory.rglob("*"):
        if path.is_file() and path.name not in ("credentials", "config", "sandbox.json", "log"):
            path.unlink()

    result = place.run("destroy", "--data", "--yes")

    assert result.code == 0, result.err
    assert place.listing() == before


def test_it_works_when_the_deployer_was_deleted_by_hand(place: Place) -> None:
    before = place.listing()
    place.up()
    iam, role = place.aws("tools", "iam"), "aws-refarch-cross-account-pipeline-service-role"
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role)

    result = place.run("destroy", "--data", "--yes")

    assert result.code == 0, result.err
    assert place.listing() == before


def test_what_somebody_attached_to_our_principals_does_not_keep_them(place: Place) -> None:
    place.up()
    iam, role = place.aws("tools", "iam"), "aws-refarch-cross-account-pipeline-service-role"
    document = '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}}'
    iam.put_role_policy(RoleName=role, PolicyName="inline", PolicyDocument=document)
    iam.create_access_key(UserName="admin")
    theirs = iam.create_policy(PolicyName="theirs", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="admin", PolicyArn=theirs)

    result = place.run("destroy", "--yes")

    assert result.code == 0, result.err
    after = place.listing()
    assert after["tools users"] == []
    assert role not in after["tools roles"]
    assert after["tools policies"] == ["theirs"]
    iam.delete_policy(PolicyArn=theirs)


def test_a_session_that_ended_long_ago_is_renewed_by_up_and_not_needed_by_destroy(tmp_path: Path) -> None:
    clock = tmp_path / "ahead"
    clock.write_text("0")
    with place_in(tmp_path, clock_file=clock) as place:
        before = place.listing()
        place.up()
        clock.write_text(str(2 * 3600))

        again = place.run("up", "--json", "--yes")
        assert again.code == 0, again.err
        clock.write_text(str(4 * 3600))
        assert place.run("destroy", "--data", "--yes").code == 0
        assert place.listing() == before
