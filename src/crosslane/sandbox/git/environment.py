"""What makes the ordinary git client work with the sandbox's repositories: git's settings as environment variables.

https://git-scm.com/docs/git-config#ENVIRONMENT and https://git-scm.com/docs/gitcredentials (2026-11-25)
"""

from __future__ import annotations

import shlex


def variables(endpoint: str, profile: str | None, region: str | None) -> dict[str, str]:
    """Credentials for ``endpoint`` come from ``aws codecommit credential-helper``: with the profile of ``AWS_PROFILE``,
    else ``profile``, else the AWS variables. CodeCommit's own URLs of ``region`` lead to the sandbox."""
    chosen = f' --profile "${{AWS_PROFILE:-{shlex.quote(profile)}}}"' if profile else ""
    command = f"aws{chosen} codecommit credential-helper get --ignore-host-check"
    helper = f'!f() {{ if test "$1" = get; then {command}; fi; }}; f'
    settings = [
        # An empty helper takes out those of the person's own settings.
        (f"credential.{endpoint}.helper", ""),
        (f"credential.{endpoint}.helper", helper),
        (f"credential.{endpoint}.UseHttpPath", "true"),
        ("http." + endpoint + ".proxy", ""),
    ]
    if region is not None:
        real = f"https://git-codecommit.{region}.amazonaws.com/v1/repos/"
        settings.append((f"url.{endpoint}/v1/repos/.insteadOf", real))
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for position, (name, value) in enumerate(settings):
        found |= {f"GIT_CONFIG_KEY_{position}": name, f"GIT_CONFIG_VALUE_{position}": value}
    return found
