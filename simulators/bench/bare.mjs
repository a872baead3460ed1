// The same simple work without a simulator: reads a request, keeps what it says, answers with the
// bytes it was given. `node bare.mjs` reads {"name": {"status", "headers", "body"}} as one line,
// writes {"port": n} once it listens, and its usage for every further line.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const kept = new Map();
let answers = {};

const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces).toString();
    const form = (request.headers['content-type'] ?? '').includes('form');
    const fields = form ? Object.fromEntries(new URLSearchParams(body)) : body && JSON.parse(body);
    kept.set(kept.size + 1, fields || request.url);
    const answer = answers[request.url.split('/')[1]];
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  });
});

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  answers = JSON.parse(line);
  server.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({ port: server.address().port }));
    lines.on('line', () => {
      const { user, system } = process.cpuUsage();
      const resident = process.memoryUsage.rss();
      console.log(JSON.stringify({ cpu: (user + system) / 1e6, resident, kept: kept.size }));
    });
  });
});
lines.on('close', () => process.exit(0));
