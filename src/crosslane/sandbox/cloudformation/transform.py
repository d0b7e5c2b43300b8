"""SAM templates: the transform ``AWS::Serverless-2016-10-31``, by the translator that AWS publishes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-serverless.html (2026-11-25). The
translator is imported at the first template that needs it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from crosslane.sandbox.cloudformation.errors import invalid, unsupported
from crosslane.sandbox.cloudformation.template import SERVERLESS, Template, parse_template
from crosslane.sandbox.request import ServiceError

_FAILED: Final = f"Transform {SERVERLESS} failed with: "


@dataclass(frozen=True, slots=True)
class _Session:
    """The part of a boto3 session that the translator asks for."""

    region_name: str


def expand(source: Template, parameters: Mapping[str, str], region: str) -> Template:
    """The template that the transform makes of ``source``; its ``text`` stays the original, ``processed`` is the new.

    ``parameters`` are the values of the source's parameters. Raises ServiceError: ``ValidationError`` as CloudFormation
    words the failure of a transform, ``NotImplemented`` if the translator is not installed.
    """
    try:
        from samtranslator.model.exceptions import InvalidDocumentException
        from samtranslator.parser.parser import Parser
        from samtranslator.translator.translator import Translator
    except ImportError:
        raise unsupported(
            f"the transform {SERVERLESS} without the package aws-sam-translator: pip install 'crosslane[sandbox]'"
        ) from None
    body = copy.deepcopy(dict(source.body))
    try:
        translator = Translator({}, Parser(), boto_session=_Session(region))
        made = translator.translate(body, dict(parameters))
        # To nowhere: it complains of measurements that nobody took from it.
        translator.metrics.publish()
    except InvalidDocumentException as error:
        raise invalid(f"{_FAILED}{_words(error)}") from error
    except Exception as error:
        # The service says no more than this of the translator's own faults; the cause is added, being at hand.
        raise invalid(f"{_FAILED}Internal transform failure. ({type(error).__name__}: {error})") from error
    made.pop("Transform", None)
    made.pop("Globals", None)
    processed = json.dumps(made, separators=(",", ":"), default=str)
    try:
        parsed = parse_template(processed)
    except ServiceError as error:
        raise invalid(error.message) from error
    return replace(parsed, text=source.text, transforms=source.transforms, processed=processed)


def _words(error: Any) -> str:
    """All errors of a translation in one line, each cause after the summary."""
    causes = " ".join(f"{cause.message}" for cause in sorted(error.causes, key=lambda cause: str(cause.message)))
    return f"{error.message} {causes}".strip()
