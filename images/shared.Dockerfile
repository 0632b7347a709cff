# syntax=docker/dockerfile:1
# What all images are made with, `packages`, and on, `runtime`: docker-bake.hcl hands both to their Dockerfiles, so that
# these layers are built, kept and pushed once.

FROM ghcr.io/astral-sh/uv:0.13.9 AS uv

# Tests of other people's packages, up to 78 MB of an image, go here and wherever packages are installed; dbt's folder of
# that name is none of them, it holds the macros of the command `dbt test`.
FROM python:3.13-slim-bookworm AS packages
COPY --from=uv /uv /usr/local/bin/
ENV UV_CACHE_DIR=/var/cache/uv UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never \
    VIRTUAL_ENV=/opt/journey
WORKDIR /build
RUN --mount=type=cache,target=/var/cache/uv \
    --mount=type=bind,source=requirements/images/journey.txt,target=journey.txt \
    uv venv /opt/journey \
    && uv pip install --no-deps --only-binary :all: --require-hashes -r journey.txt \
    && find /opt/journey -type d -path '*/dbt/include' -prune -o -type d -name tests -prune -exec rm -r {} + \
    && rm /opt/journey/.lock

FROM python:3.13-slim-bookworm AS runtime
# Bytecode of the standard library, which the base image leaves out: a pod could not keep its own. No pip.
RUN python -m compileall -q -j 0 -x '/(site-packages|test|idlelib|tkinter|turtledemo|ensurepip)/' /usr/local/lib/python3.13 \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3.13/ensurepip /usr/local/lib/python3.13/site-packages/pip* \
    && groupadd --gid 10001 journey \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin journey
COPY --from=packages /opt/journey /opt/journey
ENV HOME=/tmp PATH=/opt/journey/bin:$PATH PYTHONUNBUFFERED=1
