"""A function's package: inline bytes or an object in S3, which Lambda reads with the rights of who names it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from crosslane.sandbox.clients import Clients
from crosslane.sandbox.request import Request, ServiceError

SERVICE_PRINCIPAL = "lambda.amazonaws.com"
_UNZIPPED_LIMIT = 262_144_000
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (2026-11-25)"""


def package_of(code: Mapping[str, Any], request: Request, clients: Clients) -> bytes:
    """The zip file that ``Code`` of CreateFunction, or UpdateFunctionCode, names.

    Raises ServiceError with Lambda's words for what S3 refuses (aws/aws-cdk#3765, serverless/serverless#4520) and for
    what is no usable package.
    """
    if code.get("ImageUri"):
        raise ServiceError("NotImplemented", "The sandbox does not run container images (ImageUri)")
    if code.get("ZipFile"):
        package = bytes(code["ZipFile"])
    elif code.get("S3Bucket") and code.get("S3Key"):
        package = _from_s3(code, request, clients)
    else:
        raise invalid("Please provide a source for function code.")
    _check(package)
    return package


def _from_s3(code: Mapping[str, Any], request: Request, clients: Clients) -> bytes:
    bucket, key, version = code["S3Bucket"], code["S3Key"], code.get("S3ObjectVersion")
    s3 = clients.as_caller(request.caller, "s3", request.region, via=SERVICE_PRINCIPAL)
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
        body: bytes = answer["Body"].read()
    except Exception as error:
        response: Any = getattr(error, "response", None)
        if not isinstance(response, dict) or "Error" not in response:
            raise
        found, told = response["Error"].get("Code", ""), response["Error"].get("Message", "")
        detail = f"S3 Error Code: {found}. S3 Error Message: {told}"
        if found in ("AccessDenied", "AccessDeniedException"):
            message = (
                "Your access has been denied by S3, please make sure your request credentials have permission to "
                f"GetObject for {bucket}/{key}. {detail}"
            )
            raise ServiceError("AccessDeniedException", message, 403) from error
        raise invalid(f"Error occurred while GetObject. {detail}") from error
    return body


def _check(package: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as opened:
            size = sum(entry.file_size for entry in opened.infolist())
    except zipfile.BadZipFile:
        raise invalid("Could not unzip uploaded file. Please check your file, then try to upload again.") from None
    if size > _UNZIPPED_LIMIT:
        raise invalid(f"Unzipped size must be smaller than {_UNZIPPED_LIMIT} bytes")


def invalid(message: str) -> ServiceError:
    """What Lambda answers to a parameter that it does not take."""
    return ServiceError("InvalidParameterValueException", message)
