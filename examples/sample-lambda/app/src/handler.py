"""A small API: converts temperatures, and says which version of it answers."""

import json
import os
from pathlib import Path

ABSOLUTE_ZERO = -273.15


def handler(event, context):
    """Entry point for an HTTP API, payload format 2.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    path = event.get("rawPath", "/")
    if path == "/":
        return answer(200, {"stage": os.environ.get("STAGE", "local"), "version": version()})
    if path == "/fahrenheit":
        return fahrenheit(event.get("queryStringParameters") or {})
    return answer(404, {"error": f"there is no {path}"})


def fahrenheit(parameters):
    """``/fahrenheit?celsius=21.5``"""
    try:
        celsius = float(parameters["celsius"])
    except KeyError:
        return answer(400, {"error": "celsius is missing"})
    except ValueError:
        return answer(400, {"error": "celsius is not a number"})
    if not ABSOLUTE_ZERO <= celsius < float("inf"):
        return answer(400, {"error": "there is no such temperature"})
    return answer(200, {"celsius": celsius, "fahrenheit": round(celsius * 9 / 5 + 32, 2)})


def version():
    """The commit that was built; the build writes it beside this file."""
    file = Path(__file__).with_name("version.txt")
    return file.read_text().strip() if file.exists() else "not built"


def answer(status, body):
    """The response, with the body as JSON."""
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
