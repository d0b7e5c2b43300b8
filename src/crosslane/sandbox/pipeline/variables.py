"""Variables in an action's configuration: ``#{NAMESPACE.NAME}``.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html (2026-11-25)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crosslane.sandbox.pipeline.model import ActionFailure, Execution

_REFERENCE = re.compile(r"#\{([^{}.]+)\.([^{}]+)\}")


def resolve(configuration: Mapping[str, str], execution: Execution) -> dict[str, str]:
    """The configuration with values in place of variables. Raises ``ActionFailure`` for one that is not known."""

    def value(found: re.Match[str]) -> str:
        space, name = found[1], found[2]
        known: Mapping[str, str] | None
        match space:
            case "codepipeline":
                known = {"PipelineExecutionId": execution.id}
            case "variables":
                known = execution.variables
            case _:
                known = execution.outputs.get(space)
        if known is None or name not in known:
            message = f"The variable {found[0]} cannot be resolved: no action before this one has put it out"
            raise ActionFailure("ConfigurationError", message)
        return known[name]

    return {key: _REFERENCE.sub(value, text) for key, text in configuration.items()}
