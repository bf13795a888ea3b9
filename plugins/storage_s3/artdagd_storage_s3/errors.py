"""What went wrong with a request, in words for whoever runs the node, and whether it may pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artdagd_storage_s3.config import S3Config

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


class S3Error(OSError):
    """A request failed. ``code`` is the service's own, or empty; ``passes`` says that another try may succeed."""

    def __init__(self, message: str, code: str = "", passes: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.passes = passes


MISSING = {"404", "NoSuchKey", "NotFound"}
EXISTS = {"412", "PreconditionFailed"}

_DENIED = (
    "the key may not do this: it needs s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket "
    "and s3:AbortMultipartUpload for bucket {bucket!r} and what is in it"
)
_REGION = "bucket {bucket!r} is in another region than {region!r}{found}: correct region"
_SKEW = "the clock of this machine is wrong by more than the service takes: set it, best by NTP"
_KEY = "the access key is not known there: correct access_key_id"
_EXPIRED = "the session token is wrong or has expired: give another one"
_TOLD = {
    "NoSuchBucket": "there is no bucket {bucket!r}: make it, or correct bucket or endpoint_url",
    **dict.fromkeys(("AccessDenied", "403", "Forbidden", "AllAccessDisabled", "AccountProblem"), _DENIED),
    **dict.fromkeys(("InvalidAccessKeyId", "XAdminUserNotFound"), _KEY),
    "SignatureDoesNotMatch": "it does not take our signature: correct secret_access_key (or region)",
    **dict.fromkeys(("InvalidToken", "ExpiredToken", "TokenRefreshRequired"), _EXPIRED),
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestExpired"), _SKEW),
    **dict.fromkeys(
        (
            *("PermanentRedirect", "301", "307", "TemporaryRedirect", "AuthorizationHeaderMalformed"),
            *("IllegalLocationConstraintException", "InvalidRegion", "IncorrectRegion"),
        ),
        _REGION,
    ),
    "400": "it refuses the request and does not say why: look at region, the clock and session_token",
    **dict.fromkeys(("SlowDown", "503", "429", "TooManyRequests"), "it is overloaded and asks to come later"),
    **dict.fromkeys(("QuotaExceeded", "XMinioStorageFull", "507", "InsufficientStorage"), "it is full"),
}
_PASSING = {
    *("SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "Throttling", "ThrottlingException"),
    *("TooManyRequests", "OperationAborted", "ConditionalRequestConflict", "BadDigest", "IncompleteBody"),
    *("XAmzContentSHA256Mismatch", "InvalidDigest", "408", "409", "429", "500", "502", "503", "504"),
}


def told(error: Exception, config: S3Config) -> S3Error:
    """``error`` as an S3Error. Its text holds no secret and at most 200 characters of theirs.

    Nothing but Exception is certain of what comes out of a client whose server talks nonsense.
    """
    from botocore.exceptions import (
        ClientError,
        ConnectTimeoutError,
        EndpointConnectionError,
        ReadTimeoutError,
        SSLError,
    )

    if isinstance(error, S3Error):
        return error
    if isinstance(error, ClientError):
        return _answered(error, config)
    if isinstance(error, SSLError):
        return S3Error(
            f"{config.where}: TLS failed, by its certificate perhaps: see endpoint_url and verify_tls ({_cut(error)})"
        )
    if isinstance(error, TimeoutError | ReadTimeoutError | ConnectTimeoutError):
        return S3Error(f"{config.where} did not answer in time", passes=True)
    if isinstance(error, EndpointConnectionError):
        return S3Error(f"{config.where} can't be reached", passes=True)
    return S3Error(f"{config.where}: the connection failed ({type(error).__name__}: {_cut(error)})", passes=True)


def _answered(error: ClientError, config: S3Config) -> S3Error:
    response = error.response
    said = response.get("Error", {})
    status = str(response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    code = str(said.get("Code") or status)
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = _cut(said.get("Region") or headers.get("x-amz-bucket-region") or "")
    text = _TOLD.get(code) or f"it answered {_cut(code)}: {_cut(said.get('Message') or status)}"
    if code in _TOLD:
        text = text.format(bucket=config.bucket, region=config.region, found=f", {region!r}" if region else "")
    passes = code in _PASSING or (status.startswith("5") and code not in ("NotImplemented", "501"))
    return S3Error(f"{config.where}: {text}", code, passes)


def _cut(text: object) -> str:
    return "".join(one if one.isprintable() else "?" for one in str(text)[:200])
