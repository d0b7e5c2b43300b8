"""The JSON schema for editors: in step with the model, and of one mind with the loader where it can be."""

from __future__ import annotations

import json
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from crosslane.config import oidc, rules
from crosslane.config.build import KEYS, LONGEST_KEY_DAYS, VERSION
from crosslane.config.load import parse_config
from crosslane.config.model import Account, Bootstrap, Mode, Names, Pipeline, SignIn, Source, Stage
from crosslane.config.rules import BOOTSTRAP_RULES, NAMES_RULES, Rule
from crosslane.config.schema import schema_text
from crosslane.config.write import config_text
from crosslane.errors import ConfigError

from . import test_load_config as loader
from .test_write_config import configs

SCHEMA: dict[str, Any] = json.loads(schema_text())
TOP: dict[str, Any] = SCHEMA["properties"]
TABLES: list[tuple[type, dict[str, Any]]] = [
    (Pipeline, TOP["pipeline"]),
    (Source, TOP["pipeline"]["properties"]["source"]),
    (Account, SCHEMA["$defs"]["account"]),
    (Stage, TOP["stages"]["items"]),
    (Bootstrap, TOP["bootstrap"]),
    (SignIn, TOP["sign_in"]),
    (Names, TOP["names"]),
]


def valid(document: object) -> bool:
    return not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(document))


def objects(value: Any) -> list[dict[str, Any]]:
    """All subschemas of type object."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    here = [value] if isinstance(value, dict) and value.get("type") == "object" else []
    return here + [found for part in inner for found in objects(part)]


def test_it_is_a_schema_of_the_draft_it_names() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_it_knows_the_keys_of_the_loader() -> None:
    assert tuple(TOP) == KEYS
    assert TOP["version"]["const"] == VERSION


@pytest.mark.parametrize(("model", "schema"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_each_table_has_the_models_keys_and_defaults(model: type, schema: dict[str, Any]) -> None:
    keys = {field.name: field for field in fields(model)}
    if model is Account:
        del keys["name"]  # the key of the table itself
    assert set(schema["properties"]) == set(keys)
    for name, field in keys.items():
        if field.default is not MISSING and field.default is not None:
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            assert schema["properties"][name]["default"] == default, name
        elif name != "app":
            assert "default" not in schema["properties"][name], name


def test_every_key_has_a_description_and_unknown_keys_are_refused_everywhere() -> None:
    for found in objects(SCHEMA):
        assert "additionalProperties" in found
        for name, inner in found["properties"].items():
            assert "$ref" in inner or inner["description"].endswith("."), name


def single_rules() -> dict[str, tuple[Rule, dict[str, Any]]]:
    pipeline, source = TOP["pipeline"]["properties"], TOP["pipeline"]["properties"]["source"]["properties"]
    account, sign_in = SCHEMA["$defs"]["account"]["properties"], TOP["sign_in"]["properties"]
    return {
        "pipeline.name": (rules.PIPELINE, pipeline["name"]),
        "pipeline.region": (rules.REGION, pipeline["region"]),
        "repository": (rules.REPOSITORY, source["repository"]),
        "branch": (rules.BRANCH, source["branch"]),
        "accounts": (rules.ACCOUNT_NAME, TOP["accounts"]["propertyNames"]),
        "id": (rules.ACCOUNT_ID, account["id"]),
        "profile": (rules.PROFILE, account["profile"]),
        "stage": (rules.STAGE, TOP["stages"]["items"]["properties"]["name"]),
        "start_url": (rules.START_URL, sign_in["start_url"]),
        "sign_in.region": (rules.REGION, sign_in["region"]),
        "permission_set": (rules.PERMISSION_SET, sign_in["permission_set"]),
        **{name: (rule, TOP["bootstrap"]["properties"][name]["anyOf"][0]) for name, rule in BOOTSTRAP_RULES.items()},
        **{name: (rule, TOP["names"]["properties"][name]["anyOf"][0]) for name, rule in NAMES_RULES.items()},
    }


@pytest.mark.parametrize(("rule", "schema"), single_rules().values(), ids=single_rules())
def test_patterns_and_lengths_are_those_of_the_rules(rule: Rule, schema: dict[str, Any]) -> None:
    assert schema["pattern"] == f"^(?:{rule.characters})$"
    assert schema["maxLength"] == rule.longest
    assert schema.get("minLength", 1) == rule.shortest


def test_choices_and_bounds_are_those_of_the_model() -> None:
    bootstrap = TOP["bootstrap"]["properties"]
    assert bootstrap["mode"]["enum"] == list(Mode)
    assert bootstrap["key_max_age_days"]["maximum"] == LONGEST_KEY_DAYS
    assert bootstrap["oidc"]["pattern"] == f"^{oidc.PATTERN}$"
    assert bootstrap["oidc"]["maxLength"] == oidc.LONGEST


def test_the_minimal_config_and_placeholders_are_valid() -> None:
    assert valid(tomllib.loads(loader.MINIMAL))
    assert valid(
        tomllib.loads(loader.MINIMAL + '[names]\nbucket = "{pipeline}-artifacts"\n[bootstrap]\nuser = "u-{pipeline}"')
    )


BEYOND_A_SCHEMA = {  # what refers to another place of the file
    "UnknownAccount", "DuplicateProfile", "ProfileClash", "DuplicateAccountId", "DuplicateStage", "DuplicateName",
}  # fmt: skip


@pytest.mark.parametrize("text", [slip[0] for slip in loader.SLIPS])
def test_what_the_loader_refuses_the_schema_refuses_too(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, loader.FILE)
    derived = "would be" in caught.value.message  # a name made of two values
    region = caught.value.code == "MissingKey" and "--region" in caught.value.message  # may come from the command line
    if caught.value.code not in BEYOND_A_SCHEMA and not derived and not region:
        assert not valid(tomllib.loads(text))


@settings(max_examples=100, deadline=None)
@given(config=configs())
def test_what_crosslane_writes_is_valid(config: Any) -> None:
    assert valid(tomllib.loads(config_text(config)))


def test_it_ships_beside_the_module_that_reads_it() -> None:
    import crosslane.config.schema as module

    assert (Path(module.__file__).parent / "schema.json").read_text() == schema_text()
