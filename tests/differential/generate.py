"""Random authorization cases from a seed, for comparing two evaluators.

``python tests/differential/generate.py SEED COUNT`` prints them, one a line. Every operator, quantifier, kind of
principal and layer occurs; values are drawn from small pools, so that much matches and much nearly matches.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
ORG = "o-a1b2c3d4e5"
SERVICES = ("lambda.amazonaws.com", "codebuild.amazonaws.com", "events.amazonaws.com")
ROLES = ("deployer", "pipeline/exec", "service-role/build", "auditor")
USERS = ("alice", "ci-bot", "people/bob")
SESSIONS = ("deploy", "alice@example.com", "build-42")

ACTIONS = {
    "s3:GetObject": "arn:aws:s3:::artifacts/app/one.zip",
    "s3:PutObject": "arn:aws:s3:::artifacts/home/alice/a:b.txt",
    "s3:ListBucket": "arn:aws:s3:::artifacts",
    "s3:PutBucketPolicy": "arn:aws:s3:::artifacts",
    "kms:Decrypt": "arn:aws:kms:eu-west-1:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "kms:GenerateDataKey": "arn:aws:kms:us-east-1:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "sts:AssumeRole": "arn:aws:iam::{account}:role/pipeline/exec",
    "sts:TagSession": "arn:aws:iam::{account}:role/auditor",
    "iam:PassRole": "arn:aws:iam::{account}:role/service-role/build",
    "iam:CreateRole": "arn:aws:iam::{account}:role/deployer",
    "logs:PutLogEvents": "arn:aws:logs:eu-west-1:{account}:log-group:/aws/build:log-stream:s1",
    "codebuild:StartBuild": "arn:aws:codebuild:eu-west-1:{account}:project/app",
    "cloudformation:CreateStack": "arn:aws:cloudformation:eu-west-1:{account}:stack/app/0f3c",
    "sqs:SendMessage": "arn:aws:sqs:eu-west-1:{account}:queue",
}
WILDCARD_ONLY = ("s3:ListAllMyBuckets", "kms:ListKeys", "sts:GetCallerIdentity", "cloudformation:ValidateTemplate")

STRINGS = ("alice", "Alice", "bob", "team-red", "eu-west-1", "111111111111", ORG, "a/b", "a*b", "a?b", "")
NUMBERS = ("0", "1", "10", "10.0", "010", "-3", "2.5", "3600", "abc")
DATES = (
    "2026-01-01T00:00:00Z",
    "2026-01-01",
    "2026-06-01T12:00:00+02:00",
    "2027-01-01T00:00:00Z",
    "2026-03",
    "nonsense",
)
BOOLS = ("true", "false", "True", "FALSE", "maybe")
ADDRESSES = (
    "10.0.0.1",
    "10.0.0.0/8",
    "10.0.0.9/32",
    "203.0.113.0/24",
    "203.0.113.77",
    "2001:db8::/32",
    "2001:db8::1",
    "x",
)
BYTES = ("YWNtZS00Mg==", "b3RoZXI=", "plain")
ARNS = (
    "arn:aws:iam::111111111111:role/deployer",
    "arn:aws:iam::111111111111:role/*",
    "arn:aws:iam::*:role/pipeline/exec",
    "arn:aws:iam::111111111111:user/alice",
    "arn:aws:*:*:*:*",
    "arn:aws:iam::11111111111?:user/*",
    "arn:aws:codebuild:eu-west-1:111111111111:project/app",
    "no-arn",
    "arn:aws:iam::111111111111",
    "arn:aws:iam:*:role/deployer",
    "arn?aws:iam::111111111111:role/deployer",
)
FAMILIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "String": (
        (
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ),
        (*STRINGS, "al*", "*", "a?ice", "*b", "team-*d", "arn:aws:iam::*"),
    ),
    "Numeric": (
        tuple(
            f"Numeric{end}"
            for end in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
        ),
        NUMBERS,
    ),
    "Date": (
        tuple(
            f"Date{end}"
            for end in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
        ),
        DATES,
    ),
    "Bool": (("Bool",), BOOLS),
    "Binary": (("BinaryEquals",), BYTES),
    "Ip": (("IpAddress", "NotIpAddress"), ADDRESSES),
    "Arn": (("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"), ARNS),
}
KEYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "aws:PrincipalTag/team": ("String", STRINGS),
    "aws:PrincipalTag/level": ("Numeric", NUMBERS),
    "aws:username": ("String", ("alice", "bob", "ci-bot")),
    "aws:PrincipalOrgID": ("String", (ORG, "o-other")),
    "aws:PrincipalAccount": ("String", ACCOUNTS),
    "aws:ResourceAccount": ("String", ACCOUNTS),
    "aws:RequestedRegion": ("String", ("eu-west-1", "us-east-1")),
    "aws:CurrentTime": ("Date", DATES),
    "aws:TokenIssueTime": ("Date", DATES[:4]),
    "aws:MultiFactorAuthAge": ("Numeric", NUMBERS),
    "aws:SecureTransport": ("Bool", BOOLS),
    "aws:ViaAWSService": ("Bool", BOOLS[:2]),
    "aws:SourceIp": ("Ip", ("10.0.0.1", "10.0.0.9", "203.0.113.77", "198.51.100.1", "2001:db8::1", "2001:db9::1")),
    "aws:PrincipalArn": (
        "Arn",
        (*ARNS[:1], "arn:aws:iam::222222222222:role/pipeline/exec", "arn:aws:iam::111111111111"),
    ),
    "aws:SourceArn": ("Arn", ARNS[:1] + ARNS[6:]),
    "sts:ExternalId": ("Binary", BYTES),
    "s3:prefix": ("String", ("", "home/", "home/alice/")),
}
LISTS: dict[str, tuple[str, ...]] = {
    "aws:TagKeys": ("team", "stage", "owner", "Team"),
    "aws:CalledVia": ("cloudformation.amazonaws.com", "athena.amazonaws.com"),
    "kms:EncryptionContextKeys": ("aws:s3:arn", "app"),
}


class Generator:
    """Makes cases. The same seed makes the same cases."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def cases(self, count: int) -> Iterator[dict[str, Any]]:
        for number in range(count):
            yield self.case(f"generated/{number:06}")

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def one(self, pool: Iterable[T]) -> T:
        return self.random.choice(tuple(pool))

    def some(self, pool: Iterable[T], most: int = 3) -> list[T]:
        return [self.one(pool) for _ in range(self.random.randint(1, most))]

    def maybe_listed(self, values: list[Any]) -> Any:
        return values[0] if len(values) == 1 and self.chance(0.7) else values

    def case(self, identifier: str) -> dict[str, Any]:
        owner = self.one(ACCOUNTS)
        action, resource, wildcard = self.target(owner)
        principal, account = self.principal(action)
        request: dict[str, Any] = {
            "principal": principal,
            "action": self.any_case(action) if self.chance(0.1) else action,
            "resource": {"resource": resource, "accountId": account if wildcard and account else owner},
            "contextVariables": self.context(principal, account),
        }
        if wildcard:
            request["wildcardOnlyAction"] = True
        case: dict[str, Any] = {
            "id": identifier,
            "request": request,
            "identityPolicies": [],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
        self.request = request
        if account is not None:
            case["identityPolicies"] = [
                {"name": f"p{number}", "policy": self.policy()} for number in range(self.random.randint(0, 2))
            ]
            if self.chance(0.25):
                case["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": self.policy()}]
            if ":sts::" in str(principal) and self.chance(0.25):
                case["sessionPolicy"] = self.policy()
            if self.chance(0.35):
                case["serviceControlPolicies"] = self.levels(self.scp)
        if not wildcard and (self.chance(0.65) or account is None or action in ("sts:AssumeRole", "sts:TagSession")):
            case["resourcePolicy"] = self.resource_policy(action)
        if self.chance(0.15) and not wildcard:
            case["resourceControlPolicies"] = self.levels(self.rcp)
        if self.chance(0.1):
            case["vpcEndpointPolicies"] = [{"name": "endpoint", "policy": self.policy(principal="*")}]
        if action.startswith("s3:") and self.chance(0.2):
            case["additionalSettings"] = {"s3": {"blockPublicAccess": self.chance(0.7)}}
        return case

    def target(self, owner: str) -> tuple[str, str, bool]:
        if self.chance(0.06):
            return self.one(WILDCARD_ONLY), "*", True
        action = self.one(ACTIONS)
        return action, ACTIONS[action].format(account=owner), False

    def principal(self, action: str) -> tuple[Any, str | None]:
        account = self.one(ACCOUNTS)
        kind = self.random.random()
        if kind < 0.5:
            role = self.one(ROLES).rpartition("/")[2]
            return f"arn:aws:sts::{account}:assumed-role/{role}/{self.one(SESSIONS)}", account
        if kind < 0.8:
            return f"arn:aws:iam::{account}:user/{self.one(USERS)}", account
        if kind < 0.87:
            return f"arn:aws:sts::{account}:federated-user/{self.one(USERS[:2])}", account
        if kind < 0.97 or not action.startswith("s3:"):
            return self.one(SERVICES), None
        return {"type": "Anonymous"}, None

    def context(self, principal: Any, account: str | None) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, (_, values) in KEYS.items():
            if self.chance(0.5):
                out[key] = self.one(values)
        if account is not None:
            out["aws:PrincipalAccount"] = account
        for key, values in LISTS.items():
            if self.chance(0.3):
                out[key] = sorted(set(self.some(values)))
        return out

    def any_case(self, text: str) -> str:
        return "".join(self.one((char.upper(), char.lower())) for char in text)

    def policy(self, principal: Any = None) -> dict[str, Any]:
        statements = [self.statement(principal) for _ in range(self.random.randint(1, 3))]
        return {"Version": "2012-10-17", "Statement": statements[0] if len(statements) == 1 else statements}

    def statement(self, principal: Any = None, effect: str | None = None) -> dict[str, Any]:
        out: dict[str, Any] = {"Effect": effect or ("Deny" if self.chance(0.2) else "Allow")}
        if principal is not None:
            out["Principal"] = principal
        out["NotAction" if self.chance(0.1) else "Action"] = self.maybe_listed(
            [self.action() for _ in range(self.count())]
        )
        out["NotResource" if self.chance(0.1) else "Resource"] = self.maybe_listed(
            [self.resource() for _ in range(self.count())]
        )
        if self.chance(0.5):
            out["Condition"] = self.conditions()
        return out

    def count(self) -> int:
        return 1 if self.chance(0.7) else self.random.randint(1, 3)

    def action(self) -> str:
        action: str = self.request["action"].lower()
        if self.chance(0.3):
            action = self.one((*ACTIONS, *WILDCARD_ONLY))
        service, _, name = action.partition(":")
        form = self.random.random()
        if form < 0.25:
            return "*"
        if form < 0.4:
            return f"{service}:*"
        if form < 0.5:
            return f"{service}:{name[: self.random.randint(1, len(name))]}*"
        if form < 0.6:
            cut = self.random.randint(0, len(name) - 1)
            return f"{service}:*{name[cut:]}"
        if form < 0.65:
            cut = self.random.randint(0, len(name) - 1)
            return f"{service}:{name[:cut]}?{name[cut + 1 :]}"
        return self.any_case(action) if form < 0.7 else action

    def resource(self) -> str:
        resource: str = self.request["resource"]["resource"]
        if self.chance(0.25) and resource != "*":
            resource = self.one(ACTIONS.values()).format(account=self.one(ACCOUNTS))
        form = self.random.random()
        if resource == "*" or form < 0.35:
            return "*"
        if form < 0.45:
            return resource[: self.random.randint(14, len(resource))] + "*"
        if form < 0.55:
            cut = self.random.randint(0 if self.chance(0.3) else 14, len(resource) - 1)
            return f"{resource[:cut]}?{resource[cut + 1 :]}"
        parts = resource.split(":", 5)
        if form < 0.62:
            parts[self.one((3, 4))] = "*"
        elif form < 0.68:
            parts[5] = "*" + parts[5][self.random.randint(0, len(parts[5])) :]
        elif form < 0.72:
            parts[5] += "/extra"
        elif form < 0.76 and parts[2] == "s3":
            variable = self.one(("aws:username", "aws:PrincipalTag/team", "aws:PrincipalTag/none, 'alice'"))
            parts[5] = "artifacts/home/${" + variable + "}/*"
        elif form < 0.78:
            return ":".join([*parts[:3], "*", parts[5]])
        return ":".join(parts)

    def conditions(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for _ in range(self.random.randint(1, 2)):
            operator, key, values = self.condition()
            out.setdefault(operator, {})[key] = values
        return out

    def condition(self) -> tuple[str, str, Any]:
        if self.chance(0.1):
            return "Null", self.key(self.one((*KEYS, *LISTS))), self.one(("true", "false"))
        if self.chance(0.2):
            key = self.one(LISTS)
            operator = self.one(
                ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")
            )
            quantifier = self.one(("ForAllValues:", "ForAnyValue:", ""))
            suffix = "IfExists" if self.chance(0.2) and quantifier != "ForAnyValue:" else ""
            pool = (*LISTS[key], "te*", "*s", "none")
            return quantifier + operator + suffix, self.key(key), self.maybe_listed(self.some(pool))
        key = self.one(KEYS)
        family, own = KEYS[key]
        if family != "Ip" and self.chance(0.1):
            family = "String"
        operators, pool = FAMILIES[family]
        operator = self.one(operators)
        quantifier = self.one(("ForAllValues:", "ForAnyValue:")) if self.chance(0.1) else ""
        suffix = "IfExists" if self.chance(0.25) and quantifier != "ForAnyValue:" else ""
        values: list[Any] = self.some((*own, *pool))
        if operator in ("StringEquals", "StringLike", "ArnLike") and self.chance(0.1):
            values = [self.variable(operator)]
        if operator.startswith("Numeric") and self.chance(0.2):
            values = [10]
        if operator == "Bool" and self.chance(0.2):
            values = [True]
        return quantifier + operator + suffix, self.key(key), self.maybe_listed(values)

    def variable(self, operator: str) -> str:
        if operator == "ArnLike":
            return "arn:aws:iam::111111111111:" + self.one(
                ("user/${aws:username}", "role/${aws:PrincipalTag/none, 'deployer'}")
            )
        return self.one(
            (
                "${aws:username}",
                "${AWS:UserName}",
                "${aws:PrincipalTag/team}",
                "${aws:PrincipalAccount}",
                "${aws:PrincipalTag/none, 'alice'}",
                "home/${aws:username}/",
            )
        )

    def key(self, key: str) -> str:
        return self.one((key, key, key, key.lower(), key.upper()))

    def resource_policy(self, action: str) -> dict[str, Any]:
        statements = []
        for _ in range(self.random.randint(1, 3)):
            one = self.statement()
            if action in ("sts:AssumeRole", "sts:TagSession") and self.chance(0.9):
                one.pop("Resource", None)
                one.pop("NotResource", None)
            if one["Effect"] == "Deny" and self.chance(0.2):
                one["NotPrincipal"] = {"AWS": self.maybe_listed([self.named() for _ in range(self.count())])}
            else:
                one["Principal"] = self.named_principal()
            statements.append(one)
        return {"Version": "2012-10-17", "Statement": statements}

    def named_principal(self) -> Any:
        form = self.random.random()
        if form < 0.2:
            return self.one(("*", {"AWS": "*"}))
        if form < 0.35:
            services = {"Service": self.maybe_listed([self.one(SERVICES) for _ in range(self.count())])}
            return {**services, "AWS": self.named()} if self.chance(0.3) else services
        return {"AWS": self.maybe_listed([self.named() for _ in range(self.count())])}

    def named(self) -> str:
        principal = self.request["principal"]
        if isinstance(principal, str) and principal.startswith("arn:") and self.chance(0.7):
            account, resource = principal.split(":")[4:6]
            form = self.random.random()
            if form < 0.4:
                return principal
            if form < 0.7:
                return self.one((account, f"arn:aws:iam::{account}:root"))
            if "assumed-role/" in resource:
                name = resource.split("/")[1]
                role = next(role for role in ROLES if role.endswith(name))
                return f"arn:aws:iam::{account}:role/{role}"
            return principal
        account = self.one(ACCOUNTS)
        return self.one(
            (
                account,
                f"arn:aws:iam::{account}:root",
                f"arn:aws:iam::{account}:role/{self.one(ROLES)}",
                f"arn:aws:iam::{account}:user/{self.one(USERS)}",
            )
        )

    def levels(self, make: Any) -> list[dict[str, Any]]:
        return [
            {"orgIdentifier": name, "policies": make()}
            for name in ("r-ab12", "ou-ab12-work1111", "account")[: self.random.randint(1, 3)]
        ]

    def scp(self) -> list[dict[str, Any]]:
        full = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        policies = [{"name": "FullAWSAccess", "policy": full}] if self.chance(0.9) else []
        if self.chance(0.4):
            statement = self.statement(effect="Deny" if policies else "Allow")
            policies.append({"name": "guard", "policy": {"Version": "2012-10-17", "Statement": [statement]}})
        return policies

    def rcp(self) -> list[dict[str, Any]]:
        if self.chance(0.5):
            return []
        statement = self.statement(principal="*", effect="Deny")
        statement.pop("NotAction", None)
        service = self.request["action"].lower().partition(":")[0]
        statement["Action"] = self.one((f"{service}:*", self.request["action"]))
        return [{"name": "perimeter", "policy": {"Version": "2012-10-17", "Statement": [statement]}}]


def main() -> None:
    seed, count = (int(argument) for argument in sys.argv[1:3])
    for case in Generator(seed).cases(count):
        print(json.dumps(case))


if __name__ == "__main__":
    main()
