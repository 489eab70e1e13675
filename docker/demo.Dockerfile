# The demo systems, the load generator, and what runs experiments from inside a cluster.
#
#     chaosproof images build demo          (docker build --file docker/demo.Dockerfile --tag chaosproof/demo:0.2.0 .)

FROM docker.io/library/python:3.11.14-slim-bookworm AS requirements
WORKDIR /build
COPY requirements.txt .
# Without the checkout itself, which is a layer of its own.
RUN grep --invert-match --extended-regexp '^(#|-e)' requirements.txt > pinned.txt \
    && python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --requirement pinned.txt \
    && rm -rf /opt/venv/bin/pip* /opt/venv/lib/python3.11/site-packages/pip*
WORKDIR /opt/chaosproof
COPY . .
# As if it were installed: its commands and load protocols are found by their entry points.
RUN /opt/venv/bin/python -m chaosproof.images.metadata . .
# The file systems of pods are read-only: what is not compiled now would be compiled at every start.
RUN echo /opt/chaosproof > /opt/venv/lib/python3.11/site-packages/chaosproof.pth \
    && printf '#!/opt/venv/bin/python\nfrom chaosproof.cli.main import main\n\nmain()\n' > /opt/venv/bin/chaosproof \
    && chmod 755 /opt/venv/bin/chaosproof \
    && python -m compileall -q /opt/chaosproof

FROM docker.io/library/python:3.11.14-slim-bookworm
COPY --from=requirements /opt/venv /opt/venv
COPY --from=requirements /opt/chaosproof /opt/chaosproof
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1
WORKDIR /opt/chaosproof
USER 10001:10001
