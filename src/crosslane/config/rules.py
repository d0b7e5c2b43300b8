"""AWS's rules for the names that a config may choose, each with the page it comes from.

Looked up on 2026-11-24, the patterns and lengths in botocore's service models too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What a name has to look like."""

    what: str
    """The thing named, with its article: ``an IAM role's name``."""
    characters: str
    """A regular expression for the whole name; length aside."""
    words: str
    """``characters`` in words, to end the sentence "it may hold ..."."""
    longest: int
    source: str
    """The page of AWS that states the rule."""
    shortest: int = 1


_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
_IAM_CHARACTERS = r"[A-Za-z0-9_+=,.@-]+"
_IAM_WORDS = "letters, digits and _+=,.@-"

USER = Rule("an IAM user's name", _IAM_CHARACTERS, _IAM_WORDS, 64, _IAM)
ROLE = Rule("an IAM role's name", _IAM_CHARACTERS, _IAM_WORDS, 64, _IAM)
POLICY = Rule("a managed policy's name", _IAM_CHARACTERS, _IAM_WORDS, 128, _IAM)
SESSION_NAME = Rule(
    "a role session's name",
    _IAM_CHARACTERS,
    _IAM_WORDS,
    64,
    "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    shortest=2,
)
STACK = Rule(
    "a stack's name",
    r"[A-Za-z][A-Za-z0-9-]*",
    "letters, digits and hyphens, and it begins with a letter",
    128,
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html",
)
PIPELINE = Rule(
    "a pipeline's name",
    r"[A-Za-z][A-Za-z0-9-]*",
    "letters, digits and hyphens, and it begins with a letter, because names of stacks begin with it",
    100,
    "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html",
    shortest=2,
)
"""CodePipeline itself also takes one character, ``.``, ``@`` and ``_``; the app's stacks (``PIPELINE-STAGE``) and the
build project cannot."""
STAGE = Rule(
    "a stage's name",
    r"[A-Za-z][A-Za-z0-9-]*",
    "letters, digits and hyphens, and it begins with a letter, because a stack's name ends with it",
    80,
    "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StageDeclaration.html",
)
"""A stage's name in CodePipeline has at most 100 characters; 20 are left for what goes in front (``DeployTo``)."""
PIPELINE_STACK = Rule(
    "the name of the pipeline's stack",
    STACK.characters,
    STACK.words,
    PIPELINE.longest,
    "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html",
)
"""The pipeline carries the name of its stack, so the shorter of both limits counts."""
PROJECT = Rule(
    "a CodeBuild project's name",
    r"[A-Za-z0-9][A-Za-z0-9_-]*",
    "letters, digits, hyphens and underscores, and it begins with a letter or digit",
    150,
    "https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html",
    shortest=2,
)
REPOSITORY = Rule(
    "a CodeCommit repository's name",
    r"(?!.*\.git$)[A-Za-z0-9_.-]+",
    "letters, digits, dots, hyphens and underscores, and it does not end with .git",
    100,
    "https://docs.aws.amazon.com/codecommit/latest/userguide/limits.html",
)
BRANCH = Rule(
    "a branch's name",
    r"(?!.*(?:\.\.|//|@\{|/\.|\.lock(?:/|$)))(?!@$|[0-9a-f]{40}$)(?![./-])[^\x00-\x20\x7f~^:?*\[\\]*[^\x00-\x20\x7f~^:?*\[\\./]",
    "no spaces, none of ~^:?*[\\, nor anything else that git refuses",
    256,
    "https://docs.aws.amazon.com/codecommit/latest/userguide/limits.html",
)
"""Where git is stricter (https://git-scm.com/docs/git-check-ref-format), git counts."""
KEY_ALIAS = Rule(
    "a key's alias",
    r"(?!alias/|aws/)[A-Za-z0-9/_-]+",
    "letters, digits, slashes, hyphens and underscores, without alias/ in front, and not beginning with aws/",
    250,
    "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html",
)
"""KMS counts ``alias/`` among its 256 characters."""
BUCKET = Rule(
    "a bucket's name",
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)(?!.*\.\.)"
    r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]*[a-z0-9]",
    "lower-case letters, digits, dots and hyphens, a letter or digit at both ends, and no reserved beginning or end",
    63,
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    shortest=3,
)
ACCOUNT_ID = Rule(
    "an account id",
    r"[0-9]{12}",
    "exactly 12 digits",
    12,
    "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html",
    shortest=12,
)
ACCOUNT_NAME = Rule(
    "the config's name of an account",
    r"[A-Za-z0-9][A-Za-z0-9_-]*",
    "letters, digits, hyphens and underscores, and it begins with a letter or digit",
    50,
    "https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html",
)
"""Ours alone: it is used in file names and on the command line. In AWS an account's name has up to 50."""
PROFILE = Rule(
    "a profile's name",
    r"(?!\s)[^\x00-\x1f\x7f\[\]]+(?<!\s)",
    "no brackets or control characters, nor spaces at its ends",
    255,
    "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html",
)
"""AWS states no rule; these are the names that a section header of the credentials file can carry."""
PERMISSION_SET = Rule(
    "a permission set's name",
    _IAM_CHARACTERS,
    _IAM_WORDS,
    32,
    "https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreatePermissionSet.html",
)
START_URL = Rule(
    "the start URL of IAM Identity Center",
    r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[^\s]*)?",
    "an https:// address, such as https://d-1234567890.awsapps.com/start",
    1024,
    "https://docs.aws.amazon.com/singlesignon/latest/userguide/howtochangeURL.html",
    shortest=9,
)
REGION = Rule(
    "a region",
    r"(?:us-gov|[a-z]{2})-(?:central|(?:north|south)(?:east|west)?|east|west)-[1-9][0-9]?",
    "a region's code, such as eu-west-1",
    24,
    "https://docs.aws.amazon.com/general/latest/gr/rande.html",
    shortest=9,
)
"""The form only: regions are added every year, so a list of ours would refuse the newest ones."""

MFA_SERIAL = Rule(
    "an MFA device's ARN",
    r"arn:aws[a-z-]*:iam::[0-9]{12}:mfa/[A-Za-z0-9_+=,.@/-]+",
    "arn:aws:iam::ACCOUNT:mfa/NAME",
    256,
    "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    shortest=9,
)
BOOTSTRAP_RULES: dict[str, Rule] = {
    "user": USER,
    "policy": POLICY,
    "role": ROLE,
    "boundary": POLICY,
    "session_name": SESSION_NAME,
}
"""The names under ``[bootstrap]``."""
NAMES_RULES: dict[str, Rule] = {
    "prerequisites_stack": STACK,
    "source_stack": STACK,
    "target_stack": STACK,
    "pipeline_stack": PIPELINE_STACK,
    "source_role": ROLE,
    "action_role": ROLE,
    "execution_role": ROLE,
    "build_project": PROJECT,
    "build_role": ROLE,
    "pipeline_role": ROLE,
    "key_alias": KEY_ALIAS,
    "bucket": BUCKET,
}
"""All names under ``[names]``."""

MOST_PIPELINE_STAGES = 50
"""Stages of one pipeline, Source and Build among them.

https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
"""


def broken(rule: Rule, value: str) -> str | None:
    """Why ``value`` breaks ``rule``, as the end of a sentence that begins with the value; None if not."""
    if not value:
        return "is empty"
    if not re.fullmatch(rule.characters, value):
        return f"is not {rule.what}: {rule.words}"
    if len(value) > rule.longest:
        return f"has {len(value)} characters; {rule.what} has at most {rule.longest}"
    if len(value) < rule.shortest:
        return f"is too short; {rule.what} has at least {rule.shortest} characters"
    return None


REGIONS = (
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
)
"""Only for the hint behind a wrong one; a region that is not here but has the form of one is accepted."""


def broken_region(value: str) -> str | None:
    """As ``broken`` with ``REGION``; also refuses the partitions that crosslane knows nothing of."""
    if re.match(r"us-iso|eu-iso|eusc-", value):
        return "is in a partition that crosslane does not support (it knows aws, aws-us-gov and aws-cn)"
    if not broken(REGION, value):
        return None
    from difflib import get_close_matches

    near = get_close_matches(value.lower().replace("_", "-"), REGIONS, n=1)
    return "is not a region" + (f'; did you mean "{near[0]}"?' if near else f": {REGION.words}")
