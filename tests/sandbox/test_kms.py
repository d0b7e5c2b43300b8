"""The pipeline's key: its policy, its states, and its use from other accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.conftest import Accounts, code, error

ADMIN = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*", "Resource": "*"}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _use(principal: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": ["kms:Decrypt"], "Resource": "*"}


@pytest.fixture
def kms(accounts: Accounts) -> Any:
    return accounts.client("tools", "kms")


@pytest.fixture
def key(kms: Any) -> str:
    made = kms.create_key(Policy=_policy(ADMIN), Tags=[{"TagKey": "a", "TagValue": "b"}], Description="d")
    return str(made["KeyMetadata"]["Arn"])


def test_a_key_keeps_what_it_was_given(kms: Any, key: str, name: str) -> None:
    kms.enable_key_rotation(KeyId=key)
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["Arn"] == key
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "a", "TagValue": "b"}]
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"] == [ADMIN]
    kms.put_key_policy(KeyId=key, Policy=_policy(ADMIN, _use("arn:aws:iam::222222222222:root")))
    assert len(json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])["Statement"]) == 2
    assert code(lambda: kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)) == "AlreadyExistsException"


def test_an_alias_that_is_not_there_is_not_found(kms: Any) -> None:
    for named in ("alias/none", "arn:aws:kms:eu-west-1:111111111111:alias/none"):
        told = error(lambda named=named: kms.encrypt(KeyId=named, Plaintext=b"x"))  # type: ignore[misc]
        assert told == ("NotFoundException", "Alias arn:aws:kms:eu-west-1:111111111111:alias/none is not found.")


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("{", "malformed"),
        (_policy(ADMIN, _use("arn:aws:iam::222222222222:role/none")), "invalid principals"),
        (_policy(_use("arn:aws:iam::222222222222:root")), "will not allow you to update the key policy"),
    ],
)
def test_a_key_policy_that_kms_would_not_take_is_refused(kms: Any, key: str, policy: str, message: str) -> None:
    for call in (lambda: kms.create_key(Policy=policy), lambda: kms.put_key_policy(KeyId=key, Policy=policy)):
        told = error(call)
        assert told[0] == "MalformedPolicyDocumentException"
        assert message in told[1]


def test_other_accounts_use_the_key_by_its_arn(accounts: Accounts, kms: Any, key: str) -> None:
    dev = accounts.client("dev", "kms")
    use = {**_use("arn:aws:iam::222222222222:root"), "Action": ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"]}
    use["Action"].append("kms:GenerateDataKey")
    kms.put_key_policy(KeyId=key, Policy=_policy(ADMIN, use))
    context = {"EncryptionContext": {"a": "b"}}
    made = dev.encrypt(KeyId=key, Plaintext=b"secret", **context)
    assert made["KeyId"] == key
    for client in (kms, dev):
        assert client.decrypt(CiphertextBlob=made["CiphertextBlob"], **context)["Plaintext"] == b"secret"
    assert dev.describe_key(KeyId=key)["KeyMetadata"]["AWSAccountId"] == "111111111111"
    assert dev.generate_data_key(KeyId=key, KeySpec="AES_256")["KeyId"] == key


def test_other_accounts_cannot_use_its_bare_id_or_administer_it(accounts: Accounts, key: str) -> None:
    dev = accounts.client("dev", "kms")
    assert code(lambda: dev.describe_key(KeyId=key.rpartition("/")[2])) == "NotFoundException"
    for call in (
        lambda: dev.get_key_policy(KeyId=key),
        lambda: dev.put_key_policy(KeyId=key, Policy=_policy(ADMIN)),
        lambda: dev.schedule_key_deletion(KeyId=key),
        lambda: dev.list_resource_tags(KeyId=key),
        lambda: dev.disable_key(KeyId=key),
    ):
        assert code(call) == "AccessDeniedException"
    assert key not in [one["KeyArn"] for one in dev.list_keys()["Keys"]]


def test_a_key_that_is_disabled_or_going_away_cannot_be_used(kms: Any, key: str) -> None:
    kms.disable_key(KeyId=key)
    assert code(lambda: kms.encrypt(KeyId=key, Plaintext=b"x")) == "DisabledException"
    kms.enable_key(KeyId=key)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    gone = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (gone["KeyId"], gone["KeyState"]) == (key, "PendingDeletion")
    for call in (
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.schedule_key_deletion(KeyId=key),
        lambda: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
    ):
        assert code(call) == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_public_key_is_to_be_had_of_key_pairs_alone(kms: Any, key: str) -> None:
    pair = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    assert kms.get_public_key(KeyId=pair)["PublicKey"]
    assert code(lambda: kms.get_public_key(KeyId=key)) == "UnsupportedOperationException"
