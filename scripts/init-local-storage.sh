#!/usr/bin/env bash
# Makes the bucket and the tables of STORAGE_BACKEND=s3 where they are missing (see init_storage.py).
# Goes wherever S3_ENDPOINT_URL and DYNAMODB_ENDPOINT_URL point to; without them that is AWS.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -c 'import boto3' 2>/dev/null || scripts/install requirements.txt
PYTHONPATH=. exec .venv/bin/python scripts/init_storage.py "$@"
