"""The sandbox for tests of any Python project: a context manager, principals to act as, and what was decided."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config as ClientConfig
from botocore.loaders import Loader

from crosslane.config.model import Account
from crosslane.errors import EnvironmentFailure, UsageError
from crosslane.sandbox import lifecycle
from crosslane.sandbox.acting import fresh_boto3, replaced
from crosslane.sandbox.decisions import AuditReader, Decision, matching

Document = Mapping[str, Any] | str
"""A policy, as JSON text or as what would be written as JSON."""

DEFAULT_REGION = "us-east-1"
DEFAULT_ACCOUNTS = {"main": "111111111111", "other": "222222222222"}

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_ID = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_OTHERS = ("BOTO_CONFIG", "BOTO_PATH")
_SCP, _RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who can act in a sandbox, with credentials. ``Sandbox.administrator``, ``as_role`` and ``as_user`` make
    them. They are good until the sandbox is reset; administrators beyond that."""

    arn: str
    """ARN of the user or of the role session."""
    account: str
    """12 digits."""
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
    sandbox: Sandbox = field(repr=False, compare=False)
    profile: str | None = field(default=None, repr=False)
    """The profile of the sandbox's files that is this principal's, if it is an administrator."""

    def client(self, service: str, region: str | None = None, **options: Any) -> Any:
        """A botocore client, as boto3's ``client`` returns. ``options`` are those of ``create_client``."""
        return self.sandbox._client(self, service, region, options)

    def botocore_session(self, region: str | None = None) -> botocore.session.Session:
        """A botocore session whose clients reach the sandbox, whatever the environment says."""
        session = _Session(self.sandbox.endpoint)
        session.register_component("data_loader", self.sandbox._loader)
        session.set_config_variable("region", region or self.sandbox.region)
        session.set_credentials(self.access_key_id, self.secret_access_key, self.session_token)
        return session

    def session(self, region: str | None = None) -> Any:
        """A ``boto3.Session``, for clients and resources. ``EnvironmentFailure`` if boto3 is not installed."""
        try:
            import boto3
        except ImportError as error:
            raise EnvironmentFailure(
                "boto3 is not installed", "Boto3NotInstalled", next="pip install boto3, or use botocore_session()"
            ) from error
        return boto3.Session(botocore_session=self.botocore_session(region))

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment variables for a subprocess that is to act as this principal: ``base`` (else this process's)
        without its AWS variables, and with the sandbox's. Any AWS SDK and the AWS CLI understand them."""
        return self.sandbox._environment(self, os.environ if base is None else base)

    def assume(self, role_arn: str, session_name: str = "test", **parameters: Any) -> Principal:
        """A session of the role, by ``sts:AssumeRole`` as this principal: the trust policy and this principal's own
        policies decide. ``parameters`` are the operation's, as ``ExternalId`` or ``Policy``. Raises botocore's
        ``ClientError`` where AWS would."""
        answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name, **parameters)
        found = answer["Credentials"]
        return Principal(
            answer["AssumedRoleUser"]["Arn"],
            role_arn.split(":")[4],
            found["AccessKeyId"],
            found["SecretAccessKey"],
            found["SessionToken"],
            self.sandbox,
        )


class Sandbox:
    """An AWS of its own, on this machine and for this process: several accounts in one organization, IAM enforced.

    ``accounts`` gives each account a name and its 12 digits. A context manager; ``start`` and ``stop`` do the same. It
    needs no network, no credentials and no files of yours, and is gone afterwards, also when the process is killed.
    With ``enforce=False`` every request with valid credentials is carried out and nothing is audited.

    Raises ``UsageError`` for accounts or a region that cannot be, ``EnvironmentFailure`` if it cannot be started.
    """

    def __init__(
        self,
        accounts: Mapping[str, str] | None = None,
        *,
        region: str = DEFAULT_REGION,
        enforce: bool = True,
    ) -> None:
        self.accounts: Mapping[str, str] = dict(DEFAULT_ACCOUNTS if accounts is None else accounts)
        self.region = region
        self.enforce = enforce
        _check(self.accounts, region)
        self._control = secrets.token_hex(16)
        self._loader = Loader()
        self._running: lifecycle.Running | None = None
        self._kept: dict[tuple[str, str, str | None], Any] = {}
        self._stack = contextlib.ExitStack()

    # -- its life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts it and returns when it answers, in about half a second. ``UsageError`` if it is running."""
        if self._running is not None:
            raise UsageError("this sandbox is running already", "SandboxRunning")
        accounts = [Account(name, digits, name) for name, digits in self.accounts.items()]
        started = lifecycle.resettable(accounts, self.region, control=self._control, enforce=self.enforce)
        self._running = self._stack.enter_context(started)
        self._forget()

    def stop(self) -> None:
        """Ends it; everything in it is gone. It can be started again."""
        self._stack.close()
        self._running = None
        self._forget()

    def reset(self) -> None:
        """Sets everything back to how it was at the start, in milliseconds: no resource, role or user is left, work in
        the background is cut off, the audit is empty. The endpoint and the administrators' clients go on."""
        lifecycle.reset(self._up)
        administrators = {one.access_key_id for one in self._administrators.values()}
        self._kept = {key: client for key, client in self._kept.items() if key[0] in administrators}
        self._decisions.forget()

    def _forget(self) -> None:
        self._kept.clear()
        for name in ("_decisions", "_administrators"):
            self.__dict__.pop(name, None)

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _up(self) -> lifecycle.Running:
        if self._running is None:
            raise UsageError("this sandbox is not running", "SandboxNotRunning", next="use it in a with block")
        return self._running

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._running is not None

    @property
    def endpoint(self) -> str:
        """The URL of all its services, for clients that are made in other ways."""
        return self._up.endpoint

    # -- who acts in it --------------------------------------------------------------------------------------------

    def administrator(self, account: str) -> Principal:
        """The administrator of an account, by the account's name."""
        if account not in self.accounts:
            known = ", ".join(self.accounts)
            raise UsageError(f"there is no account {account} in this sandbox, only {known}", "UnknownAccount")
        return self._administrators[account]

    @property
    def management(self) -> Principal:
        """The administrator of the account that owns the organization, which is none of the others."""
        return self._administrators[lifecycle.MANAGEMENT_PROFILE]

    def client(self, account: str, service: str, region: str | None = None, **options: Any) -> Any:
        """A client of the account's administrator: what prepares a test, and looks at what came of it."""
        return self.administrator(account).client(service, region, **options)

    def session(self, account: str, region: str | None = None) -> Any:
        """A ``boto3.Session`` of the account's administrator."""
        return self.administrator(account).session(region)

    def botocore_session(self, account: str, region: str | None = None) -> botocore.session.Session:
        """A botocore session of the account's administrator."""
        return self.administrator(account).botocore_session(region)

    def environment(self, account: str, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment variables with which a subprocess acts as the account's administrator."""
        return self.administrator(account).environment(base)

    def as_role(
        self, arn: str, *, by: Principal | str | None = None, session_name: str = "test", **parameters: Any
    ) -> Principal:
        """A session of the role.

        Without ``by`` it is handed out whatever the trust policy says: to test what a role may do, also one that is
        for a service. With ``by``, a principal or the name of an account for its administrator, it is
        ``Principal.assume``, with its ``parameters``: to test who may become the role. ``UsageError`` if there is no
        such role.
        """
        if by is not None:
            who = self.administrator(by) if isinstance(by, str) else by
            return who.assume(arn, session_name, **parameters)
        if parameters:
            raise UsageError(f"{', '.join(parameters)}: only with by=, whose request it would be", "Usage")
        return self._given(arn, session_name)

    def as_user(self, arn: str) -> Principal:
        """The IAM user, with its active access key or one made for it. ``UsageError`` if there is no such user."""
        return self._given(arn, "")

    def _given(self, arn: str, session_name: str) -> Principal:
        where = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=60)
        try:
            body = json.dumps({"arn": arn, "session_name": session_name})
            connection.request("POST", lifecycle.CONTROL_PATH, body, {lifecycle.CONTROL_HEADER: self._control})
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if "refused" in answer:
            raise UsageError(answer["refused"], "NoSuchPrincipal")
        return Principal(sandbox=self, **answer)

    @contextmanager
    def acting_as(self, who: Principal | str) -> Iterator[Principal]:
        """Lets code that makes clients of its own act as ``who``, a principal or the name of an account for its
        administrator: for the time of the context the AWS variables of this process's environment are replaced by the
        sandbox's, and boto3's default session is a new one. Clients that exist already are not changed."""
        principal = self.administrator(who) if isinstance(who, str) else who
        with replaced(os.environ, principal.environment()), fresh_boto3():
            yield principal

    # -- organization ----------------------------------------------------------------------------------------------

    def attach_scp(self, document: Document, account: str | None = None) -> str:
        """Makes a service control policy and attaches it to the account, else to the organization's root, which means
        all accounts. Returns its id. It limits what the accounts' principals may do, beside the others there."""
        return self._attach(_SCP, document, account)

    def attach_rcp(self, document: Document, account: str | None = None) -> str:
        """As ``attach_scp`` with a resource control policy, which limits what may be done with the accounts' resources,
        by anyone."""
        return self._attach(_RCP, document, account)

    def _attach(self, kind: str, document: Document, account: str | None) -> str:
        target = None if account is None else self.administrator(account).account
        organizations = self.management.client("organizations", "us-east-1")
        (root,) = organizations.list_roots()["Roots"]
        if not any(one["Type"] == kind for one in root["PolicyTypes"]):
            organizations.enable_policy_type(RootId=root["Id"], PolicyType=kind)
        text = document if isinstance(document, str) else json.dumps(document)
        name = f"test-{secrets.token_hex(4)}"
        made = organizations.create_policy(Content=text, Name=name, Description="", Type=kind)
        policy = str(made["Policy"]["PolicySummary"]["Id"])
        organizations.attach_policy(PolicyId=policy, TargetId=target or root["Id"])
        return policy

    # -- what was decided ------------------------------------------------------------------------------------------

    @property
    def audit(self) -> tuple[Decision, ...]:
        """Every decision since the start or the last reset, in order; none without ``enforce``."""
        return self._decisions.read()

    def decisions(self, principal: Principal | str | None = None, action: str | None = None) -> tuple[Decision, ...]:
        """The decisions about a principal (or the ARN of a user, a role, a session) and an action; ``s3:Get*`` is
        possible."""
        who = principal.arn if isinstance(principal, Principal) else principal
        return tuple(matching(self.audit, who, action))

    def denials(self, principal: Principal | str | None = None, action: str | None = None) -> tuple[Decision, ...]:
        """Those of ``decisions`` that were not allowed."""
        return tuple(one for one in self.decisions(principal, action) if not one.allowed)

    # -- inside ----------------------------------------------------------------------------------------------------

    @cached_property
    def _decisions(self) -> AuditReader:
        return AuditReader(self._up.directory / "audit")

    @cached_property
    def _administrators(self) -> dict[str, Principal]:
        found = self._up.sign_ins
        return {
            name: Principal(one["arn"], one["id"], one["access_key"], one["secret_key"], one["token"], self, name)
            for name, one in found.items()
        }

    def _client(self, who: Principal, service: str, region: str | None, options: Mapping[str, Any]) -> Any:
        key = who.access_key_id, service, region
        if options:
            return who.botocore_session(region).create_client(service, **options)
        if key not in self._kept:
            self._kept[key] = who.botocore_session(region).create_client(service)
        return self._kept[key]

    def _environment(self, who: Principal, base: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in base.items() if not name.startswith("AWS_") and name not in _OTHERS}
        proxied = ",".join(filter(None, (base.get("NO_PROXY") or base.get("no_proxy"), "127.0.0.1")))
        kept |= {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_SHARED_CREDENTIALS_FILE": str(self._up.credentials_file),
            "AWS_CONFIG_FILE": str(self._up.config_file),
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": proxied,
            "no_proxy": proxied,
        }
        if who.profile is not None:
            return kept | {"AWS_PROFILE": who.profile}
        kept |= {"AWS_ACCESS_KEY_ID": who.access_key_id, "AWS_SECRET_ACCESS_KEY": who.secret_access_key}
        return kept | ({"AWS_SESSION_TOKEN": who.session_token} if who.session_token else {})


class _Session(botocore.session.Session):
    """A session that knows one endpoint, and nothing of the environment, of files and of proxies."""

    def __init__(self, endpoint: str) -> None:
        nothing = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
        super().__init__(session_vars=nothing)
        self._endpoint = endpoint

    def create_client(self, service_name: str, *args: Any, **options: Any) -> Any:
        """As botocore's, with the sandbox's endpoint."""
        if len(args) < 4 and options.get("endpoint_url") is None:
            options["endpoint_url"] = self._endpoint
        given = options.get("config")
        direct = ClientConfig(proxies={})
        options["config"] = direct if given is None else given.merge(direct)
        return super().create_client(service_name, *args, **options)


def _check(accounts: Mapping[str, str], region: str) -> None:
    if not accounts:
        raise UsageError("a sandbox needs an account at least", "NoAccounts")
    for name, digits in accounts.items():
        if not _NAME.fullmatch(name) or name == lifecycle.MANAGEMENT_PROFILE:
            raise UsageError(f"{name!r} cannot be an account's name", "AccountName")
        if not isinstance(digits, str) or not _ID.fullmatch(digits):
            raise UsageError(f"the id of account {name} is not 12 digits in a string: {digits!r}", "AccountId")
    if len(set(accounts.values())) < len(accounts):
        raise UsageError("two accounts have the same id", "AccountId")
    if not _REGION.fullmatch(region):
        raise UsageError(f"{region!r} is not a region", "Region", next='a region is like "eu-west-1"')
