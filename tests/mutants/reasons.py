"""Why rights are kept that no call of the good run needs, where no data says so: written down, with the evidence.

A reason is AWS's page, or the place in the code that calls when things are not as the good run has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from crosslane.iam.wildcard import compile_pattern


class Kind(StrEnum):
    """The headings of the page."""

    REAL_AWS = "only real AWS needs it"
    ANOTHER_RUN = "another run needs it"
    TO_THE_LETTER = "the guide's own words, kept for comparison"
    NO_RIGHT = "cannot be denied"


@dataclass(frozen=True, slots=True)
class Reason:
    """``where`` is a URL, or a place in the code."""

    kind: Kind
    text: str
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A reason for the actions that the patterns cover, in statements with one of these Sids.

    No pattern is for changed principals and conditions: their statement's actions are judged one by one.
    """

    sids: tuple[str, ...]
    actions: tuple[str, ...]
    reason: Reason


def written_down(sid: str, action: str | None) -> Iterator[Reason]:
    """The reasons given below for this action of this statement."""
    for entry in ENTRIES:
        covers = any(action is not None and compile_pattern(one.lower())(action.lower()) for one in entry.actions)
        if sid in entry.sids and (covers or (action is None and not entry.actions)):
            yield entry.reason


_AWS = "https://docs.aws.amazon.com/"
_DRIFT = f"{_AWS}AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html"
_TAGGING = f"{_AWS}AWSCloudFormation/latest/UserGuide/security_iam_id-based-policy-examples.html"
_PIPELINE_ROLE = f"{_AWS}codepipeline/latest/userguide/how-to-custom-role.html"
_ACROSS = f"{_AWS}codepipeline/latest/userguide/pipelines-create-cross-account.html"
_BUILD_ROLE = f"{_AWS}codebuild/latest/userguide/setting-up-service-role.html"
_KEY_POLICY = f"{_AWS}kms/latest/developerguide/key-policy-default.html"


def _real(text: str, where: str) -> Reason:
    return Reason(Kind.REAL_AWS, text, where)


def _run(text: str, where: str) -> Reason:
    return Reason(Kind.ANOTHER_RUN, text, where)


_ASKED = _real("CodePipeline asks for the bucket's owner, region and versioning before it uses it", _PIPELINE_ROLE)
_WITH_THE_KEY = _real(
    "AWS's own policy for artifacts across accounts has all of these; a large object needs more", _ACROSS
)
_ARTIFACTS = _real("artifacts are handed on with the rights of the role that works on them", _PIPELINE_ROLE)
_ROLLBACK = _run("leads out of a rollback that failed", "apply/stacks.py, _finish_rollback")

ENTRIES = (
    Entry(("Stacks",), ("cloudformation:TagResource",), _real("tags of a new stack are authorized apart", _TAGGING)),
    Entry(
        ("Stacks",),
        ("cloudformation:DescribeStackResourceDrifts",),
        _run("tells what has drifted, once something has", "live/drift.py, _drifts"),
    ),
    Entry(("Stacks",), ("cloudformation:ContinueUpdateRollback",), _ROLLBACK),
    Entry(("Stacks",), ("cloudformation:RollbackStack",), _ROLLBACK),
    Entry(
        ("Stacks",),
        ("cloudformation:DeleteChangeSet",),
        _run(
            "removes a change set that failed, is empty, or would replace what is protected",
            "apply/stacks.py, _changes",
        ),
    ),
    Entry(
        ("Stacks",),
        ("cloudformation:*ChangeSet",),
        _run("updates the stack; the good run only makes and removes it", "apply/stacks.py, _update"),
    ),
    Entry(
        ("Stacks",),
        ("cloudformation:DescribeStackEvents",),
        _run("tells why a stack failed, and with -v how it comes along", "apply/stacks.py, _events"),
    ),
    Entry(
        ("AppStacks",),
        ("cloudformation:DescribeStackEvents",),
        _run("tells why the pipeline could not deploy the app", "pipeline/logs.py, _events"),
    ),
    Entry(
        ("Find",),
        ("cloudformation:BatchDescribeTypeConfigurations",),
        _real("drift detection asks for it, with the caller's rights", _DRIFT),
    ),
    Entry(
        ("Project",),
        ("codebuild:UpdateProject",),
        _run("the stack is updated by a release whose template has another project", "apply/stacks.py, _update"),
    ),
    Entry(
        ("RenewOwnKey",),
        ("iam:GetAccessKeyLastUsed",),
        _run(
            "after a rotation that was cut off: a key that was never used is deleted", "apply/rotation.py, _make_room"
        ),
    ),
    Entry(
        ("ReadBootstrap",),
        (
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListAttachedUserPolicies",
            "iam:ListGroupsForUser",
            "iam:ListUserPolicies",
        ),
        _run("reads the user that another mode has left behind, to retire it", "live/read.py, _retired_reads"),
    ),
    Entry(
        ("LongTemplates",),
        ("s3:*Object",),
        _run("a template of more than 51,200 bytes goes by way of the bucket", "apply/template_upload.py"),
    ),
    Entry(
        ("EmptyBucket",),
        ("s3:AbortMultipartUpload",),
        _run("unfinished uploads are ended before the bucket goes", "apply/removal.py, delete_bucket"),
    ),
    Entry(
        ("AdministerKey",),
        ("kms:*",),
        _real("what AWS gives a key's administrators: without it nobody could manage the key any more", _KEY_POLICY),
    ),
    Entry(("AskBucket", "AskFromSource", "AskFromTargets"), ("s3:GetBucket*",), _ASKED),
    Entry(("AskFromSource", "AskFromTargets"), (), _ASKED),
    Entry(
        ("DecryptFromTargets", "DecryptWithKey", "EncryptFromSource", "EncryptWithKey", "UseFromTools", "UseKey"),
        ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"),
        _WITH_THE_KEY,
    ),
    Entry(
        ("UseFromTools",),
        (),
        _real("CodePipeline uses the key with the pipeline's own role where an action has none", _PIPELINE_ROLE),
    ),
    Entry(
        ("OwnFolder", "ReadArtifacts", "ReadCode", "ReadFromTargets"),
        ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
        _ARTIFACTS,
    ),
    Entry(
        ("WriteArtifacts", "WriteFromSource"),
        ("s3:GetObject", "s3:GetObjectVersion"),
        _real("AWS's own policies for an action in another account have both, to get and to put", _ACROSS),
    ),
    Entry(("OwnFolders",), ("s3:GetObjectVersion",), _real("CodeBuild reads its source by version", _BUILD_ROLE)),
    Entry(
        ("ReadRepository",),
        ("codecommit:CancelUploadArchive", "codecommit:GetRepository", "codecommit:GetUploadArchiveStatus"),
        _real("the source action asks how far its archive is, and ends one that is not wanted", _PIPELINE_ROLE),
    ),
    Entry(
        ("ExpandServerless",),
        ("cloudformation:CreateChangeSet",),
        _real(
            "a transform is authorized for who makes the change set and for the stack's role",
            f"{_AWS}codepipeline/latest/userguide/action-reference-CloudFormation.html",
        ),
    ),
    Entry(
        ("RolePolicies",),
        (),
        _run("an app whose functions ask for one of AWS's policies", "examples/sample-lambda has none such"),
    ),
)
