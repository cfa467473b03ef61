# The kit: ec-conformance and ec-ref. Pin the base by its digest where builds must be repeatable.
ARG BASE=docker.io/library/python:3.12-slim
FROM ${BASE} AS build
# Such as [dask].
ARG EXTRAS=""
WORKDIR /src
COPY . .
RUN python -m pip wheel --no-cache-dir --wheel-dir /wheels ".${EXTRAS}"

FROM ${BASE}
ARG EXTRAS=""
COPY --from=build /wheels /wheels
# hadolint ignore=DL3013 # there is one version of it in /wheels
RUN python -m pip install --no-cache-dir --no-index --find-links /wheels "ec-acceptance${EXTRAS}" \
    && rm -rf /wheels \
    && useradd --create-home --uid 10001 kit
USER 10001
WORKDIR /work
ENTRYPOINT ["ec-conformance"]
CMD ["--help"]
