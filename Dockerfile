# hyperlearn and all that it needs, as locked. Dependencies are a layer of their own: a change of the code does not bring them anew.
FROM python:3.11-slim-bookworm
RUN pip install --no-cache-dir uv==0.13.9 \
    && useradd --uid 10001 --create-home hyperlearn \
    && install --directory --owner=hyperlearn --mode=0700 /data
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-install-project --no-cache
COPY . .
RUN uv sync --locked --no-dev --no-cache
ENV PATH=/app/.venv/bin:$PATH HYPERLEARN_HOME=/data DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false
USER hyperlearn
WORKDIR /data
