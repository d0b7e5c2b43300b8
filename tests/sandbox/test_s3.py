"""The artifact bucket: what a new one has, what is stored, what is refused."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.sandbox.conftest import Accounts, code, error

BLOCKED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}


@pytest.fixture
def s3(accounts: Accounts) -> Any:
    return accounts.client("tools", "s3")


@pytest.fixture
def bucket(s3: Any, name: str) -> str:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return name


def _policy(bucket: str, principal: Any, action: Any = "s3:GetObject", effect: str = "Allow", **more: Any) -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **more}]})


def test_a_new_bucket_is_private_and_encrypted(s3: Any, bucket: str) -> None:
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == BLOCKED
    owned = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_settings_of_the_artifact_bucket_are_kept(accounts: Accounts, s3: Any, bucket: str) -> None:
    key = accounts.client("tools", "kms").create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}
    rule = {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 30},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a:b", "Value": "c"}]})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == encryption
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == [rule]
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a:b", "Value": "c"}]
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_rule_for_plain_http_denies_nobody_who_signs(s3: Any, bucket: str) -> None:
    plain = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=_policy(bucket, "*", "s3:*", "Deny", **plain))
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"][0]["Effect"] == "Deny"


def test_a_versioned_bucket_is_deleted_only_when_no_version_and_marker_is_left(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    s3.delete_object(Bucket=bucket, Key="k")
    assert code(lambda: s3.delete_bucket(Bucket=bucket)) == "BucketNotEmpty"
    listed = s3.list_object_versions(Bucket=bucket)
    assert (len(listed["Versions"]), len(listed["DeleteMarkers"])) == (2, 1)
    everything = [*listed["Versions"], *listed["DeleteMarkers"]]
    objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in everything]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    s3.delete_bucket(Bucket=bucket)
    assert code(lambda: s3.head_bucket(Bucket=bucket)) == "404"


def test_names_are_global(accounts: Accounts, s3: Any, bucket: str) -> None:
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    assert code(lambda: s3.create_bucket(Bucket=bucket, **place)) == "BucketAlreadyOwnedByYou"
    dev = accounts.client("dev", "s3")
    assert code(lambda: dev.create_bucket(Bucket=bucket, **place)) == "BucketAlreadyExists"
    assert bucket not in [one["Name"] for one in dev.list_buckets()["Buckets"]]


def test_another_account_writes_for_the_buckets_owner(accounts: Accounts, s3: Any, bucket: str) -> None:
    dev = accounts.client("dev", "s3")
    s3.put_bucket_policy(
        Bucket=bucket, Policy=_policy(bucket, {"AWS": "222222222222"}, ["s3:PutObject", "s3:PutObjectAcl"])
    )
    dev.put_object(Bucket=bucket, Key="k", Body=b"1", ACL="bucket-owner-full-control")
    dev.put_object_acl(Bucket=bucket, Key="k", ACL="bucket-owner-full-control")
    assert code(lambda: dev.put_object(Bucket=bucket, Key="k", Body=b"1", ACL="public-read")) == (
        "AccessControlListNotSupported"
    )
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("{", "Policies must be valid JSON"),
        (_policy("BUCKET", {"AWS": "arn:aws:iam::222222222222:role/none"}), "Invalid principal in policy"),
        (_policy("another-bucket", "*"), "Policy has invalid resource"),
        (_policy("BUCKET", "*", "kms:Decrypt"), "Policy has invalid action"),
    ],
)
def test_a_bucket_policy_that_s3_would_not_take_is_refused(s3: Any, bucket: str, policy: str, message: str) -> None:
    told = error(lambda: s3.put_bucket_policy(Bucket=bucket, Policy=policy.replace("BUCKET", bucket)))
    assert told[0] == "MalformedPolicy"
    assert message in told[1]


def test_keys_of_all_kinds_come_back_as_they_were(s3: Any, bucket: str) -> None:
    keys = ["a//b", "a b+c%20d", "ü/ñ", "folder/", "sample-lam/BuildArtif/x.zip"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"under_score": "1", "dash-ed": "2"})
    for key in keys:
        got = s3.get_object(Bucket=bucket, Key=key)
        assert got["Body"].read() == key.encode()
        assert got["Metadata"] == {"under_score": "1", "dash-ed": "2"}
    assert sorted(one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]) == sorted(keys)


def test_large_objects_and_ranges(s3: Any, bucket: str) -> None:
    body = bytes(range(256)) * 32768
    s3.put_object(Bucket=bucket, Key="large", Body=body)
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == body
    assert s3.get_object(Bucket=bucket, Key="large", Range="bytes=5-9")["Body"].read() == body[5:10]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    this = {"Bucket": bucket, "Key": "parts", "UploadId": upload}
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**this, PartNumber=number, Body=body)["ETag"]}
        for number in (1, 2)
    ]
    s3.complete_multipart_upload(**this, MultipartUpload={"Parts": parts})
    assert s3.head_object(Bucket=bucket, Key="parts")["ContentLength"] == 2 * len(body)


def test_presigned_urls_work_and_unsigned_ones_do_not(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"1"
    with pytest.raises(OSError, match="403"):
        urllib.request.urlopen(url.partition("?")[0])


def test_bodies_that_are_sent_in_chunks_arrive_whole(s3: Any, bucket: str) -> None:
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    request = urllib.request.Request(url, data=iter([b"one,", b"two"]), method="PUT")
    request.add_header("Content-Type", "")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"one,two"
