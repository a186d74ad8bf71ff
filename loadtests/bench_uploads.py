"""Files of 5 and 50 MB into an S3 server on this machine: as the product does it, and in one PUT, in turn.

The server is moto's, on the same cores, so this shows what the product adds, not what a line can carry.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
import django
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from rich.console import Console
from rich.table import Table

from loadtests.own_stack import free_port, sigterm_leaves

REPORT = Path("out/bench-uploads.json")
MEGABYTES = (5, 50)
BUCKET, KEY = "uploads", "file"
PLACE = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench", "region_name": "us-east-1"}
START_SECONDS = 30


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench_uploads", description=__doc__)
    parser.add_argument("--rounds", type=int, choices=range(1, 1001), metavar="N", default=5, help="5")
    rounds = parser.parse_args().rounds
    sigterm_leaves()
    with TemporaryDirectory() as scratch:
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            endpoint = f"http://127.0.0.1:{port}"
            bucket_create(endpoint)
            rows = [measured(endpoint, Path(scratch), megabytes, rounds) for megabytes in MEGABYTES]
        finally:
            server.kill()
            server.wait()
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(
        json.dumps({"at": datetime.now(UTC).isoformat(), "rounds": rounds, "rows": rows}) + "\n"
    )
    show(rows)
    return 0


def measured(endpoint: str, scratch: Path, megabytes: int, rounds: int) -> dict[str, float]:
    """Medians in seconds."""
    file = scratch / "file"
    file.write_bytes(os.urandom(megabytes * 2**20))
    ours, plain = list[float](), list[float]()
    for number in range(rounds):
        ways = [(ours, product_upload(endpoint)), (plain, one_put(endpoint))]
        for seconds, upload in ways if number % 2 else reversed(ways):
            started = time.perf_counter()
            upload(KEY, file)
            seconds.append(time.perf_counter() - started)
    return {"megabytes": megabytes, "ours": statistics.median(ours), "one_put": statistics.median(plain)}


def product_upload(endpoint: str) -> Callable[[str, Path], None]:
    from storage_app.backends.s3 import AssetS3Storage

    storage = AssetS3Storage(
        bucket_name=BUCKET,
        endpoint_url=endpoint,
        access_key=PLACE["aws_access_key_id"],
        secret_key=PLACE["aws_secret_access_key"],
        region_name=PLACE["region_name"],
    )
    assert storage.bucket  # noqa: S101  Its client is made when it is first looked at.
    return lambda key, file: storage.upload(key, file, media_type="video/mp4")


def one_put(endpoint: str) -> Callable[[str, Path], None]:
    # As the product's: checksums that many stores refuse are left out.
    config = Config(
        request_checksum_calculation="when_required", response_checksum_validation="when_required"
    )
    client = boto3.client("s3", endpoint_url=endpoint, config=config, **PLACE)

    def upload(key: str, file: Path) -> None:
        with file.open("rb") as body:
            client.put_object(Bucket=BUCKET, Key=key, Body=body)

    return upload


def bucket_create(endpoint: str) -> None:
    """As soon as the server answers."""
    client = boto3.client("s3", endpoint_url=endpoint, **PLACE)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.create_bucket(Bucket=BUCKET)
            return
        except EndpointConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def show(rows: list[dict[str, float]]) -> None:
    table = Table("", title="Seconds until it is there, median")
    for heading in ("the product", "one PUT"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(f"{row['megabytes']} MB", f"{row['ours']:.2f}", f"{row['one_put']:.2f}")
    console = Console()
    console.print(table)
    console.print(f"Written to {REPORT}.")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videogen.settings")
    django.setup()
    sys.exit(main())
