# Skillkeeper in a container: docker build -t skillkeeper . (deploy/README.md says how to use it)

# Both stages are built from this image. A tag can be moved; a build that is to be repeatable names a digest as well:
# --build-arg PYTHON_IMAGE=python:3.11-slim@sha256:..., with what `docker buildx imagetools inspect` says of the tag.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /app
COPY requirements.txt ./
COPY requirements requirements
# Wheels only: there is no compiler here.
RUN python -m venv --without-pip .venv \
    && pip --python .venv/bin/python install --no-cache-dir --disable-pip-version-check --only-binary :all: \
        --require-hashes -r requirements.txt
COPY . .
RUN DATA_DIR=/tmp/data SECRET_KEY=only-for-the-build .venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && mv /tmp/data/static static \
    && .venv/bin/python -m compileall -q mcpsite mcp_gateway skills_registry invocations

FROM ${PYTHON_IMAGE}
# A fixed number, so that the owner of a mounted folder can be set to it.
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin skillkeeper \
    && install -d -o skillkeeper -g skillkeeper /data /data/store
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8000 \
    PUBLIC_URL=http://localhost:8000
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["deploy/entrypoint.sh"]
CMD ["serve"]
