"""What commands print with ``--json``, held against the schemas that ship with the package."""

from __future__ import annotations

import json
from collections.abc import Sequence

import jsonschema

from crosslane.report.schema import PRINTED_BY, Printed, schema_text

_VALIDATORS = {printed: jsonschema.Draft202012Validator(json.loads(schema_text(printed))) for printed in Printed}


def problems(printed: Printed, document: object) -> list[str]:
    """What does not fit; empty if all does."""
    found = _VALIDATORS[printed].iter_errors(json.loads(json.dumps(document)))
    return [f"{printed}: {error.json_path}: {error.message}" for error in found]


def check_printed(arguments: Sequence[str], out: str) -> None:
    """Fail unless the command printed one JSON document, its own or that of an early failure."""
    documents = [json.loads(line) for line in out.splitlines()] if arguments[1:2] == ["decide"] else [json.loads(out)]
    known = PRINTED_BY.get(" ".join(arguments[:2])) or PRINTED_BY.get(arguments[0]) or ()
    for document in documents:
        found = [problems(printed, document) for printed in (*known, Printed.ERROR)]
        assert not all(found), min(found, key=len)
