# Percorso on one machine: the assistant with its embedded engine, on the CPU, as an ordinary user.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/percorso
COPY constraints.txt pyproject.toml README.md LICENSE ./
# torch first: only this exact version is a CPU build
RUN /opt/percorso/bin/pip install --no-cache-dir --constraint constraints.txt torch==2.13.0
COPY assistant assistant
COPY ingest ingest
COPY core core
COPY prompts prompts
COPY knowledge knowledge
COPY migrations migrations
COPY models models
RUN /opt/percorso/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 percorso && mkdir /data && chown percorso /data
COPY --from=build /opt/percorso /opt/percorso
USER percorso
WORKDIR /home/percorso
ENV PATH=/opt/percorso/bin:$PATH PERCORSO_DATA_DIR=/data PERCORSO_HOST=0.0.0.0 PERCORSO_LOG_FORMAT=json
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["percorso", "serve"]
