"""What the app's folder holds: looked at on its own, since most commands go without it."""

from __future__ import annotations

from crosslane.config.model import Config

TEMPLATES = ("template.yaml", "template.yml")
BUILDSPECS = ("buildspec.yml",)
"""CodeBuild looks for this name alone where the project gives none.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html (2026-11-24)
"""


def configured_stages(config: Config) -> frozenset[str]:
    """The stages whose parameters the app keeps beside its template, in ``STAGE.json``.

    That is CodePipeline's template configuration:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-cfn-artifacts.html
    (2026-11-24).
    """
    return frozenset(stage.name for stage in config.stages if (config.pipeline.app / f"{stage.name}.json").is_file())


def app_problems(config: Config) -> tuple[str, ...]:
    """What the app's folder lacks that a build would miss, each as a line; empty if nothing."""
    app = config.pipeline.app
    if not app.is_dir():
        return (f"there is no folder {app} (pipeline.app)",)
    wanted = ((TEMPLATES, "the template that is deployed"), (BUILDSPECS, "what the build does"))
    return tuple(
        f"{app} has no {names[0]}: {what}"
        for names, what in wanted
        if not any((app / name).is_file() for name in names)
    )
