// Sends a code by Twilio, under Twilio's own name unless TWILIO_URL says otherwise:
// node send.mjs NUMBER. The credentials are the published ones of the simulators.
const {TWILIO_URL: url = 'https://api.twilio.com'} = process.env;
const sid = 'AC0123456789abcdef0123456789abcdef';
const token = 'fedcba9876543210fedcba9876543210';

const answer = await fetch(`${url}/2010-04-01/Accounts/${sid}/Messages.json`, {
  method: 'POST',
  headers: {Authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`},
  body: new URLSearchParams({To: process.argv[2], From: '+15005550006', Body: 'Your code is 482913'}),
});
const {status, message} = await answer.json();
console.log(answer.ok ? status : `refused: ${message}`);
process.exitCode = answer.ok ? 0 : 1;
