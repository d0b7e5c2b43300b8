"""S3 uses keys on its caller's behalf: without rights to the key an encrypted object is neither written nor read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.authorization.conftest import PLACE, TOOLS, People, document
from tests.sandbox.conftest import error

ADMIN = {"Principal": {"AWS": f"arn:aws:iam::{TOOLS}:root"}, "Action": "kms:*", "Resource": "*"}


@dataclass(frozen=True)
class Encrypted:
    """A bucket that encrypts with ``key`` by default, open to the dev account."""

    people: People
    bucket: str
    key: str

    def admin(self, service: str) -> Any:
        return self.people.accounts.client("tools", service)


@pytest.fixture(params=[False, True], ids=["key of each object", "bucket key"])
def encrypted(people: People, request: pytest.FixtureRequest) -> Encrypted:
    kms, s3 = people.accounts.client("tools", "kms"), people.accounts.client("tools", "s3")
    key = kms.create_key(Policy=document(ADMIN))["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=people.name, **PLACE)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": request.param}]
    s3.put_bucket_encryption(Bucket=people.name, ServerSideEncryptionConfiguration={"Rules": rules})
    where = [f"arn:aws:s3:::{people.name}", f"arn:aws:s3:::{people.name}/*"]
    policy = document({"Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": where})
    s3.put_bucket_policy(Bucket=people.name, Policy=policy)
    s3.put_object(Bucket=people.name, Key="k", Body=b"1")
    return Encrypted(people, people.name, key)


def test_reading_takes_decrypt_and_writing_a_data_key(encrypted: Encrypted) -> None:
    s3 = encrypted.people.client(encrypted.people.user(document({"Action": "s3:*"})), "s3")
    iam = encrypted.admin("iam")
    this = {"Bucket": encrypted.bucket}
    assert error(lambda: s3.get_object(**this, Key="k"))[1].endswith(
        f"is not authorized to perform: kms:Decrypt on resource: {encrypted.key} because no identity-based policy "
        "allows the kms:Decrypt action"
    )
    assert "kms:GenerateDataKey" in error(lambda: s3.put_object(**this, Key="new", Body=b"1"))[1]
    s3.head_object(**this, Key="k")
    via = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        policy = document({"Action": action, "Resource": encrypted.key, "Condition": via})
        iam.put_user_policy(UserName=encrypted.people.name, PolicyName=action[4:], PolicyDocument=policy)
    assert s3.get_object(**this, Key="k")["Body"].read() == b"1"
    s3.put_object(**this, Key="new", Body=b"1")
    s3.copy_object(**this, Key="copy", CopySource={"Bucket": encrypted.bucket, "Key": "k"})


def test_the_context_is_the_object_or_with_a_bucket_key_the_bucket(
    encrypted: Encrypted, request: pytest.FixtureRequest
) -> None:
    by_bucket = "bucket key" in request.node.name
    bucket = f"arn:aws:s3:::{encrypted.bucket}"
    s3 = encrypted.people.client(encrypted.people.user(document({"Action": "s3:*"})), "s3")
    for arn, right in ((bucket, by_bucket), (f"{bucket}/k", not by_bucket)):
        condition = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": arn}}
        policy = document({"Action": "kms:Decrypt", "Condition": condition})
        encrypted.admin("iam").put_user_policy(UserName=encrypted.people.name, PolicyName="key", PolicyDocument=policy)
        if right:
            s3.get_object(Bucket=encrypted.bucket, Key="k")
        else:
            assert "kms:Decrypt" in error(lambda: s3.get_object(Bucket=encrypted.bucket, Key="k"))[1]


def test_another_account_needs_the_key_policy(encrypted: Encrypted) -> None:
    dev = encrypted.people.accounts.client("dev", "s3")
    code, told = error(lambda: dev.get_object(Bucket=encrypted.bucket, Key="k"))
    assert code == "AccessDenied"
    assert "kms:Decrypt on this resource because the resource does not exist in this Region" in told
    reading = {"Principal": {"AWS": "222222222222"}, "Action": "kms:Decrypt", "Resource": "*"}
    encrypted.admin("kms").put_key_policy(KeyId=encrypted.key, Policy=document(ADMIN, reading))
    dev.get_object(Bucket=encrypted.bucket, Key="k")
    assert "kms:GenerateDataKey" in error(lambda: dev.put_object(Bucket=encrypted.bucket, Key="n", Body=b"1"))[1]


def test_a_key_that_is_disabled_or_going_away_opens_nothing(encrypted: Encrypted) -> None:
    kms, s3 = encrypted.admin("kms"), encrypted.admin("s3")
    this = {"Bucket": encrypted.bucket}
    kms.disable_key(KeyId=encrypted.key)
    assert error(lambda: s3.get_object(**this, Key="k"))[0] == "KMS.DisabledException"
    assert error(lambda: s3.put_object(**this, Key="n", Body=b"1"))[0] == "KMS.DisabledException"
    kms.enable_key(KeyId=encrypted.key)
    s3.get_object(**this, Key="k")
    kms.schedule_key_deletion(KeyId=encrypted.key, PendingWindowInDays=7)
    assert error(lambda: s3.get_object(**this, Key="k"))[0] == "KMS.KMSInvalidStateException"


def test_an_upload_in_parts_takes_both_rights(encrypted: Encrypted) -> None:
    user = encrypted.people.user(document({"Action": ["s3:*", "kms:GenerateDataKey"]}))
    s3 = encrypted.people.client(user, "s3")
    this = {"Bucket": encrypted.bucket, "Key": "parts"}
    assert "kms:Decrypt" in error(lambda: s3.create_multipart_upload(**this))[1]
    policy = document({"Action": "kms:Decrypt"})
    encrypted.admin("iam").put_user_policy(UserName=encrypted.people.name, PolicyName="key", PolicyDocument=policy)
    upload = s3.create_multipart_upload(**this)["UploadId"]
    part = s3.upload_part(**this, UploadId=upload, PartNumber=1, Body=b"1")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**this, UploadId=upload, MultipartUpload=parts)
    s3.get_object(**this)


def test_an_object_under_the_aws_managed_key_is_for_its_account_alone(people: People) -> None:
    s3 = people.accounts.client("tools", "s3")
    s3.create_bucket(Bucket=people.name, **PLACE)
    where = [f"arn:aws:s3:::{people.name}", f"arn:aws:s3:::{people.name}/*"]
    policy = document({"Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": where})
    s3.put_bucket_policy(Bucket=people.name, Policy=policy)
    s3.put_object(Bucket=people.name, Key="k", Body=b"1", ServerSideEncryption="aws:kms")
    s3.get_object(Bucket=people.name, Key="k")
    dev = people.accounts.client("dev", "s3")
    assert error(lambda: dev.get_object(Bucket=people.name, Key="k"))[0] == "AccessDenied"
