# Two stages: the first has pip and builds the environment, the second has only Python and the result.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE CHANGELOG.md ./
COPY cds cds
COPY plan_definitions plan_definitions
COPY fhir_mappings fhir_mappings
RUN python3 -m venv /opt/cds \
 && /opt/cds/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt ".[otel,postgres]" \
 && /opt/cds/bin/pip uninstall --yes pip setuptools
# In a step of its own: a program whose files are newer than its start keeps nothing.
RUN CDS_CACHE=/opt/cds/cache /opt/cds/bin/cds precompile && chmod -R a+rX /opt/cds/cache

FROM ${BASE}
LABEL org.opencontainers.image.title="fhir-cds" \
      org.opencontainers.image.description="A CDS Hooks server whose guidelines are FHIR files" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/cds /opt/cds
RUN mkdir /data && chown 65532:65532 /data
ENV PATH=/opt/cds/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CDS_CACHE=/opt/cds/cache \
    CDS_DATABASE=sqlite:////data/cds.sqlite3
USER 65532:65532
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["cds"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
