# syntax=docker/dockerfile:1
# The simulators in an image of their own: docker build -t sms-simulators .
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY simulators ./simulators
COPY contracts ./contracts
COPY loadtests ./loadtests
RUN python -m venv /opt/sms-simulators
RUN /opt/sms-simulators/bin/pip install --no-cache-dir '.[fast,valkey]'

FROM python:3.12-slim
COPY --from=build /opt/sms-simulators /opt/sms-simulators
# The CA is kept in /ca, and in /data what `serve --data` keeps: a volume that is mounted there
# belongs to the user too.
RUN useradd --system --uid 10001 --no-create-home simulators && install -d -o simulators /ca /data
ENV PATH=/opt/sms-simulators/bin:$PATH PYTHONUNBUFFERED=1
USER simulators
VOLUME /ca
EXPOSE 8026 8443
HEALTHCHECK --interval=2s --timeout=3s --start-period=15s --retries=15 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8026/_sim/health', timeout=2).close()"]
ENTRYPOINT ["sms-simulators"]
CMD ["serve", "--host", "0.0.0.0", "--tls-dir", "/ca"]
