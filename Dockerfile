# Not run by us: there was no container engine where this was written. hadolint has checked it (tests/test_containers.py).
FROM python:3.12-slim

# git: DVC and the lineage of runs need it. Its newest patch is wanted, so it has no version here.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 seamline

# before the sources, so that a change of those installs nothing anew
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock

WORKDIR /project
RUN chown seamline:seamline /project && mkdir /artifacts && chown seamline:seamline /artifacts
USER 1000
COPY --chown=seamline:seamline . .
CMD ["dvc", "repro"]
