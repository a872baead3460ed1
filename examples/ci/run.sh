#!/bin/sh
# Your tests with the simulators in the place of the provider, on any CI machine, or at home.
# Leaves reports/*.xml (JUnit) and simulators.log; exit code 1 if any of the three found something.
export TWILIO_URL=http://127.0.0.1:8026/twilio
export TWILIO_ACCOUNT_SID=AC0123456789abcdef0123456789abcdef
export TWILIO_AUTH_TOKEN=fedcba9876543210fedcba9876543210
export TWILIO_NUMBER=+15005550006
failed=0
mkdir -p reports

pip install -r requirements.txt
sms-simulators serve --no-tls > simulators.log 2>&1 &
trap "kill $!" EXIT
curl -s --retry 30 --retry-delay 1 --retry-connrefused http://127.0.0.1:8026/_sim/health

pytest --junit-xml reports/tests.xml || failed=1
sms-simulators check --url http://127.0.0.1:8026 --format junit > reports/contracts.xml || failed=1
sms-simulators conformance --provider twilio --url http://127.0.0.1:8026 \
  --trigger 'python send.py {to}' --format junit > reports/refusals.xml || failed=1
exit $failed
