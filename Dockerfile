# syntax=docker/dockerfile:1

# The image holds hxdav and what its lock names, nothing to build with. It writes to /data only, so it runs with
# docker run --read-only --tmpfs /tmp -v hxdav:/data -p 5232:5232 hxdav

FROM python:3.13-slim AS assets
WORKDIR /src
COPY requirements/node.txt requirements/
COPY tools/assets tools/
COPY web-assets web-assets
COPY hxdav/web/static hxdav/web/static
RUN tools/assets

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/hxdav
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
# The locked dependencies are a layer of their own, made anew only when the lock changes.
RUN python -m pip install --no-deps --require-hashes -r requirements/build.txt \
    && /opt/hxdav/bin/python -m pip install --no-deps --require-hashes -r requirements/runtime.txt \
    # Google's library describes each of its services, in 110 MB; hxdav uses the calendar's.
    && find /opt/hxdav/lib/python3.*/site-packages/googleapiclient/discovery_cache/documents \
        -type f ! -name calendar.v3.json -delete
COPY pyproject.toml README.md LICENSE ./
COPY hxdav hxdav
COPY --from=assets /src/hxdav/web/static/vendor hxdav/web/static/vendor
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && /opt/hxdav/bin/python -m pip install --no-deps --no-index /tmp/wheel/*.whl \
    && /opt/hxdav/bin/python -m pip uninstall --yes pip

FROM python:3.13-slim
ENV HXDAV_CONFIG=/data/hxdav.toml \
    PATH=/opt/hxdav/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
COPY --from=build /opt/hxdav /opt/hxdav
RUN useradd --system --uid 5232 --user-group --no-create-home --home-dir /data hxdav \
    && install --directory --owner hxdav --group hxdav --mode 0700 /data
USER hxdav
WORKDIR /data
VOLUME /data
EXPOSE 5232
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "\
import urllib.request\n\
urllib.request.urlopen('http://127.0.0.1:5232/healthz', timeout=4)\n"]
CMD ["hxdav", "serve"]
