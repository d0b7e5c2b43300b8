"""Documented ways from some rights in IAM to others: what ``privilege-escalation`` and its neighbours know.

Each path has a public source: its page in the catalogue https://pathfinding.cloud, the article that first listed it
(https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/), or AWS's own page. 2026-11-24.
"""

from __future__ import annotations

from dataclasses import dataclass

CATALOGUE = "https://pathfinding.cloud/paths"
FIRST_LIST = "https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/"
BOUNDARIES = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"


@dataclass(frozen=True, slots=True)
class Path:
    """Who holds ``actions`` together, on resources that match ``target``, can do what ``gains`` says."""

    actions: tuple[str, ...]
    gains: str
    url: str
    target: str = "*"
    guards: tuple[str, ...] = ()
    """Condition keys that close the path where an Allow demands them."""
    service: str | None = None
    """The service that the role is passed to, for paths that need ``iam:PassRole``."""


_POLICY = "arn:*:iam::*:policy/*"
_USER = "arn:*:iam::*:user/*"
_GROUP = "arn:*:iam::*:group/*"
_ROLE = "arn:*:iam::*:role/*"
_BOUNDED = ("iam:permissionsboundary",)
_CHOSEN = ("iam:permissionsboundary", "iam:policyarn")


def _own(action: str, gains: str, page: str, target: str, guards: tuple[str, ...] = ()) -> Path:
    return Path((f"iam:{action}",), gains, page if page.startswith("https:") else f"{CATALOGUE}/{page}", target, guards)


SELF = (
    _own("CreatePolicyVersion", "rewrite a policy that it has itself", "iam-001", _POLICY),
    _own("SetDefaultPolicyVersion", "go back to a wider version of its policy", FIRST_LIST, _POLICY),
    _own("CreateAccessKey", "make access keys of other users", "iam-002", _USER),
    _own("CreateLoginProfile", "set a password for other users", "iam-004", _USER),
    _own("UpdateLoginProfile", "change the password of other users", "iam-006", _USER),
    _own("PutRolePolicy", "write policies into roles that it can use", "iam-005", _ROLE, _BOUNDED),
    _own("PutUserPolicy", "write policies into users", "iam-007", _USER, _BOUNDED),
    _own("PutGroupPolicy", "write policies into its own groups", "iam-011", _GROUP),
    _own("AttachUserPolicy", "attach any policy to users", "iam-008", _USER, _CHOSEN),
    _own("AttachRolePolicy", "attach any policy to roles that it can use", "iam-009", _ROLE, _CHOSEN),
    _own("AttachGroupPolicy", "attach any policy to its own groups", "iam-010", _GROUP, ("iam:policyarn",)),
    _own("AddUserToGroup", "join any group", "iam-013", _GROUP),
    _own("UpdateAssumeRolePolicy", "let itself into any role", "iam-012", _ROLE, _BOUNDED),
    _own("DeleteUserPermissionsBoundary", "take its boundary off", BOUNDARIES, _USER, _BOUNDED),
    _own("DeleteRolePermissionsBoundary", "take a role's boundary off", BOUNDARIES, _ROLE, _BOUNDED),
    _own("PutUserPermissionsBoundary", "put a wider boundary in place of its own", BOUNDARIES, _USER, _BOUNDED),
    _own("PutRolePermissionsBoundary", "put a wider boundary in place of a role's", BOUNDARIES, _ROLE, _BOUNDED),
)
"""One action of IAM is enough."""


def _passing(service: str, page: str, *actions: str) -> Path:
    return Path(actions, "run code with it", f"{CATALOGUE}/{page}", service=f"{service}.amazonaws.com")


PASSING = (
    _passing("apprunner", "apprunner-001", "apprunner:CreateService"),
    _passing("bedrock-agentcore", "bedrock-001", "bedrock-agentcore:CreateCodeInterpreter"),
    _passing("cloudformation", "cloudformation-001", "cloudformation:CreateStack"),
    _passing(
        "cloudformation", "cloudformation-003", "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"
    ),
    _passing("cloudformation", "cloudformation-004", "cloudformation:UpdateStackSet"),
    _passing("codebuild", "codebuild-001", "codebuild:CreateProject", "codebuild:StartBuild"),
    _passing("codebuild", "codebuild-004", "codebuild:CreateProject", "codebuild:StartBuildBatch"),
    _passing("datapipeline", "datapipeline-001", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"),
    _passing("ec2", "ec2-001", "ec2:RunInstances"),
    _passing("ec2", "ec2-003", "ec2:RequestSpotInstances"),
    _passing("ecs-tasks", "ecs-003", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
    _passing("ecs-tasks", "ecs-004", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
    _passing("ecs-tasks", "ecs-005", "ecs:RegisterTaskDefinition", "ecs:StartTask"),
    _passing("glue", "glue-001", "glue:CreateDevEndpoint"),
    _passing("glue", "glue-003", "glue:CreateJob", "glue:StartJobRun"),
    _passing("glue", "glue-004", "glue:CreateJob", "glue:CreateTrigger"),
    _passing("glue", "glue-005", "glue:UpdateJob", "glue:StartJobRun"),
    _passing("lambda", "lambda-001", "lambda:CreateFunction", "lambda:InvokeFunction"),
    _passing("lambda", "lambda-002", "lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
    _passing("lambda", "lambda-006", "lambda:CreateFunction", "lambda:AddPermission"),
    _passing("sagemaker", "sagemaker-001", "sagemaker:CreateNotebookInstance"),
    _passing("sagemaker", "sagemaker-002", "sagemaker:CreateTrainingJob"),
    _passing("sagemaker", "sagemaker-003", "sagemaker:CreateProcessingJob"),
)
"""With ``iam:PassRole``: a new thing runs with the role."""


def _existing(page: str, *actions: str) -> Path:
    return Path(actions, "run code with the roles of what is there", f"{CATALOGUE}/{page}")


EXISTING = (
    _existing("apprunner-002", "apprunner:UpdateService"),
    _existing(
        "bedrock-002", "bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"
    ),
    _existing("cloudformation-002", "cloudformation:UpdateStack"),
    _existing("cloudformation-005", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
    _existing("codebuild-002", "codebuild:StartBuild"),
    _existing("codebuild-003", "codebuild:StartBuildBatch"),
    _existing("ec2-002", "ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"),
    _existing("ec2-004", "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"),
    _existing("ec2instanceconnect-003", "ec2-instance-connect:SendSSHPublicKey"),
    _existing("glue-002", "glue:UpdateDevEndpoint"),
    _existing("lambda-003", "lambda:UpdateFunctionCode"),
    _existing("sagemaker-004", "sagemaker:CreatePresignedNotebookInstanceUrl"),
    _existing("ssm-001", "ssm:StartSession"),
    _existing("ssm-002", "ssm:SendCommand"),
)
"""Something that exists runs with a role already, and can be made to do as told."""
