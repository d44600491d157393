#!/usr/bin/env bash
# Creates the bucket and tables of STORAGE_BACKEND=s3 if missing (see init_storage.py).
# Uses S3_ENDPOINT_URL and DYNAMODB_ENDPOINT_URL; without them, AWS.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -c 'import boto3' 2>/dev/null || scripts/install requirements.txt
PYTHONPATH=. exec .venv/bin/python scripts/init_storage.py "$@"
