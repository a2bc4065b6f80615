"""Objects in a store that speaks S3, below an address such as ``s3://bucket/prefix``.

Credentials are the environment's: AWS's own library reads them there, and nothing here does. They
are in no address, file, log or error.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pyarrow import fs

from healthsim.errors import HealthSimError, Refused, StorageError
from healthsim.persistence.files import disk_errors
from healthsim.persistence.names import SCHEME

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()=-]+(/[A-Za-z0-9!_.*'()=-]+)*")
_PIECE = 8 * 2**20  # bytes that are carried at once
_ATTEMPTS = 8  # at a request that the store answers with an error that passes
_NAMED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_CODE = re.compile(r"AWS Error ([A-Z_]+)")
_SAID: Mapping[str, tuple[str, str]] = {
    "ACCESS_DENIED": ("the store refuses access",
                      "give the credentials of the environment the right to it"),
    "INVALID_ACCESS_KEY_ID": ("the store does not know the access key",
                              "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY anew"),
    "SIGNATURE_DOES_NOT_MATCH": ("the store does not accept the secret key",
                                 "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY anew"),
    "NO_SUCH_BUCKET": ("there is no such bucket", "make it, or correct its name"),
    "NETWORK_CONNECTION": ("the store cannot be reached",
                           "correct AWS_ENDPOINT_URL and AWS_REGION, or try again later"),
    "SLOW_DOWN": ("the store is busy", "try again later"),
    "SERVICE_UNAVAILABLE": ("the store is busy", "try again later"),
    "INTERNAL_FAILURE": ("the store is busy", "try again later"),
}  # fmt: skip


@dataclass(frozen=True)
class ObjectStore:
    """The objects below an address.

    Attributes:
        address: as it is shown.
        root: bucket and prefix, without a slash at the end.
    """

    address: str
    root: str
    system: fs.S3FileSystem

    @classmethod
    def of(cls, address: str) -> ObjectStore:
        """Return the store of an address.

        Raises:
            Refused: it is no such address, or the environment names no credentials.
        """
        bucket, _, prefix = address.removeprefix(SCHEME).rstrip("/").partition("/")
        if not (address.startswith(SCHEME) and _BUCKET.fullmatch(bucket)
                and _PREFIX.fullmatch(prefix)) or ".." in prefix:  # fmt: skip
            raise Refused(
                "address", "cannot be read", "write s3://BUCKET/PREFIX, as s3://my-bucket/my-lake; "
                "credentials are never part of it, the environment has them",
            )  # fmt: skip
        if not any(os.environ.get(name) for name in _NAMED):
            raise Refused(
                address, "the environment names no credentials",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_ENDPOINT_URL for a store "
                "that is not AWS's), or AWS_PROFILE",
            )  # fmt: skip
        return cls(address.rstrip("/"), f"{bucket}/{prefix}", _system())

    def put(self, file: Path, name: str) -> None:
        """Write a file as an object."""
        with (
            self.errors(),
            file.open("rb") as source,
            self.system.open_output_stream(f"{self.root}/{name}") as target,
        ):
            while piece := source.read(_PIECE):
                target.write(piece)

    def get(self, name: str, target: BinaryIO | None, most: int) -> tuple[int, str]:
        """Read an object to its end.

        Args:
            name: of the object.
            target: where its bytes are written, if anywhere.
            most: bytes after which reading stops.

        Returns:
            How many bytes were read, and their SHA-256, hexadecimal.
        """
        digest, size = hashlib.sha256(), 0
        with self.errors(), self.system.open_input_stream(f"{self.root}/{name}") as source:
            while size <= most and (piece := source.read(_PIECE)):
                size += len(piece)
                digest.update(piece)
                if target is not None:
                    target.write(piece)
        return size, digest.hexdigest()

    def sizes(self) -> dict[str, int]:
        """Return the bytes of every object below the address, by its name there."""
        with self.errors():
            chosen = fs.FileSelector(self.root, recursive=True, allow_not_found=True)
            found = self.system.get_file_info(chosen)
        return {one.path.removeprefix(f"{self.root}/"): one.size
                for one in found if one.type == fs.FileType.File}  # fmt: skip

    def delete(self, name: str) -> None:
        """Delete an object."""
        with self.errors():
            self.system.delete_file(f"{self.root}/{name}")

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Say of an error of the store what it means; its text may hold more than should be said.

        Errors of the disk here are told as such.
        """
        try:
            yield
        except HealthSimError:
            raise
        except FileNotFoundError:
            raise StorageError(
                self.address, "it is not there", "correct the address, or put the scenario there"
            ) from None
        except OSError as error:
            code = _CODE.search(str(error))
            if error.errno is not None and code is None and error.filename:
                with disk_errors(self.address):
                    raise
            found, mend = _SAID.get(code[1] if code else "", (
                f"the store answers with an error ({code[1] if code else 'no code'})",
                "correct the address and AWS_ENDPOINT_URL, or try again later",
            ))  # fmt: skip
            raise StorageError(self.address, found, mend) from None


def _system() -> fs.S3FileSystem:
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    scheme, _, host = endpoint.rpartition("://")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return fs.S3FileSystem(
        endpoint_override=host or None,
        scheme=scheme or "https",
        region=region or ("us-east-1" if host else None),
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )
