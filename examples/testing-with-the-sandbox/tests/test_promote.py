"""The copy works with the rights that it has, and with no fewer."""

from __future__ import annotations

import policies
import pytest
from botocore.exceptions import ClientError
from promote import promote

from crosslane.sandbox import Principal, Sandbox

NO_COPIES = policies.document({"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"})


def test_the_build_arrives_in_production(aws: Sandbox, builder: Principal, role: str) -> None:
    with aws.acting_as(builder):
        promote(policies.SOURCE, "app.zip", policies.TARGET, role)
    arrived = aws.client("production", "s3").get_object(Bucket=policies.TARGET, Key="app.zip")
    assert arrived["Body"].read() == b"built"
    assert aws.denials() == ()


def test_it_needs_no_more_than_this(aws: Sandbox, builder: Principal, role: str) -> None:
    with aws.acting_as(builder):
        promote(policies.SOURCE, "app.zip", policies.TARGET, role)
    used = {(one.action, one.resource) for one in aws.decisions(role)}
    assert used == {
        ("s3:GetObject", f"arn:aws:s3:::{policies.SOURCE}/app.zip"),
        ("s3:PutObject", f"arn:aws:s3:::{policies.TARGET}/app.zip"),
    }


def test_without_the_bucket_policy_it_is_denied(aws: Sandbox, builder: Principal, role: str) -> None:
    aws.client("build", "s3").delete_bucket_policy(Bucket=policies.SOURCE)
    with aws.acting_as(builder), pytest.raises(ClientError, match="no resource-based policy allows"):
        promote(policies.SOURCE, "app.zip", policies.TARGET, role)
    (denial,) = aws.denials(role)
    assert (denial.action, denial.layer) == ("s3:GetObject", "resource")


def test_the_role_needs_the_external_id(aws: Sandbox, builder: Principal, role: str) -> None:
    with pytest.raises(ClientError, match="no role trust policy allows"):
        aws.as_role(role, by=builder)
    assert aws.as_role(role, by=builder, ExternalId="promote").account == aws.accounts["production"]


@pytest.mark.aws(scps={"production": NO_COPIES})
def test_the_organization_has_the_last_word(aws: Sandbox, builder: Principal, role: str) -> None:
    with aws.acting_as(builder), pytest.raises(ClientError, match="explicit deny in a service control policy"):
        promote(policies.SOURCE, "app.zip", policies.TARGET, role)


def test_the_role_cannot_delete_what_it_copied(aws: Sandbox, role: str) -> None:
    s3 = aws.as_role(role).client("s3")
    s3.put_object(Bucket=policies.TARGET, Key="app.zip", Body=b"built")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=policies.TARGET, Key="app.zip")
