# Slim, non-root, read-only: everything that changes lives in /data.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN pip install --no-cache-dir --prefix=/install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE config.toml ./
COPY seeds seeds
COPY monitor monitor
RUN pip install --no-cache-dir --prefix=/install --no-deps .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Monitor" \
      org.opencontainers.image.description="News monitoring and alerting with evidence" \
      org.opencontainers.image.licenses="MIT"
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 65532 --no-create-home --shell /usr/sbin/nologin monitor \
 && install -d -o monitor -g monitor -m 0700 /data
COPY --from=build /install /usr/local
USER 65532
WORKDIR /data
VOLUME ["/data"]
ENV PYTHONUNBUFFERED=1 MONITOR_CONFIG=/data/config.toml
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s CMD ["monitor", "status", "--alive"]
# First start: docker run --rm -v monitor:/data IMAGE init /data
ENTRYPOINT ["monitor"]
CMD ["run"]
