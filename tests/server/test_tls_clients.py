"""Clients that people have, over TLS under the vendors' names: openssl, curl, Node.js, Python."""

import os
import shutil
import subprocess
import sys

import pytest

from simulators import catalog
from simulators.server import tls

VENDORS = [host for provider in catalog.PROVIDERS.values() for host in provider.hosts]


def run(*command, **environment):
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        input="",
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
@pytest.mark.parametrize("host", VENDORS)
def test_openssl_verifies_the_chain_and_the_name(sms_server, host):
    """`openssl s_client` as people run it when TLS puzzles them."""
    port, ca = sms_server.ports["https"], tls.ca_path(sms_server.options.tls_dir)
    where = ["-connect", f"127.0.0.1:{port}", "-servername", host]
    check = ["-verify_hostname", host, "-CAfile", str(ca), "-verify_return_error"]
    done = run("openssl", "s_client", *where, *check)

    assert "Verify return code: 0 (ok)" in done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_trusts_the_ca(sms_server):
    """Twilio's own words come back from `https://api.twilio.com`."""
    port, ca = sms_server.ports["https"], tls.ca_path(sms_server.options.tls_dir)
    resolve = f"api.twilio.com:{port}:127.0.0.1"
    url = f"https://api.twilio.com:{port}/2010-04-01/Accounts/AC1/Messages.json"
    done = run("curl", "-sS", "--cacert", str(ca), "--resolve", resolve, url)

    assert '"status":' in done.stdout
    assert done.stderr == ""


NODE = """
const https = require('https');
const options = {host: 'api.twilio.com', port: %d, path: '/', lookup: (_h, o, done) =>
  o.all ? done(null, [{address: '127.0.0.1', family: 4}]) : done(null, '127.0.0.1', 4)};
https.get(options, (r) => { console.log(r.statusCode, r.socket.authorized); r.resume(); })
  .on('error', (e) => console.log(e.code));
"""


def test_node_trusts_the_ca_by_its_variable(node, sms_server):
    """NODE_EXTRA_CA_CERTS makes it trusted; without it Node refuses."""
    ca = str(tls.ca_path(sms_server.options.tls_dir))
    script = NODE % sms_server.ports["https"]

    assert run(node, "-e", script, NODE_EXTRA_CA_CERTS=ca).stdout.strip() == "404 true"
    assert "VERIFY" in run(node, "-e", script, NODE_EXTRA_CA_CERTS="").stdout


@pytest.mark.parametrize(
    ("variable", "script"),
    [
        ("REQUESTS_CA_BUNDLE", "import requests; print(requests.get(url).status_code)"),
        ("SSL_CERT_FILE", "from urllib.request import urlopen; print(urlopen(url).status)"),
    ],
)
def test_python_trusts_the_ca_by_its_variable(sms_server, variable, script):
    """requests has its own variable, the standard library takes OpenSSL's."""
    if "requests" in script:
        pytest.importorskip("requests")
    ca = str(tls.ca_path(sms_server.options.tls_dir))
    code = f"url = 'https://localhost:{sms_server.ports['https']}/_sim/health'; {script}"

    assert run(sys.executable, "-c", code, **{variable: ca}).stdout.strip() == "200"
    assert "CERTIFICATE_VERIFY_FAILED" in run(sys.executable, "-c", code).stderr
