// Hundreds of connections use up the descriptors of a server. When they are gone it serves again, with
// what it had, and stops.

import assert from "node:assert/strict";
import { Running } from "../../support/program.ts";

const CONNECTIONS = 400;
const DESCRIPTORS = 120;

/** Runs `tests/support/programs/serving.ts` with few descriptors. */
function serving(protocol: string, mode: string): Running {
  const script = `ulimit -n ${DESCRIPTORS}; exec "$0" run --quiet -A "$@"`;
  const args = ["tests/support/programs/serving.ts", protocol, mode];
  return new Running("serving.ts", "sh", ["-c", script, Deno.execPath(), ...args]);
}

/** Connects until all are open, or the server can take no more. The kernel accepts for it. */
async function occupy(port: number): Promise<Deno.Conn[]> {
  const attempts = Array.from({ length: CONNECTIONS }, () => Deno.connect({ port }));
  const results = await Promise.allSettled(attempts);
  return results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
}

/** The beginning of a request, so that the server is in the middle of an exchange with each. */
async function begin(conns: readonly Deno.Conn[], text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  await Promise.all(conns.map((conn) => conn.write(bytes).catch(() => 0)));
}

const BEGINNINGS: Record<string, string> = {
  http:
    "POST /set HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
  tcp: "PING\r\nSTORE_MES",
  state: "STATE_HELLO\r\nSTATE_PR",
};

const CASES = [
  ["http", "inline"],
  ["http", "worker"],
  ["http", "process"],
  ["tcp", "inline"],
  ["tcp", "worker"],
  ["tcp", "process"],
  ["state", "process"],
];

for (const [protocol, mode] of CASES) {
  Deno.test(`servers: without descriptors, ${protocol} in mode ${mode} serves again later`, async () => {
    await using program = serving(protocol, mode);
    await program.prints(/port \d+\n/);
    const port = Number(/port (\d+)/.exec(program.output)![1]);
    const conns = await occupy(port);
    assert.ok(conns.length > DESCRIPTORS / 2, `only ${conns.length} connections were opened`);
    await begin(conns, BEGINNINGS[protocol]);
    for (const conn of conns) conn.close();
    program.kill("SIGUSR2");
    const lines = await program.lines();
    assert.deepEqual(lines.slice(-2), ["it has kept", "the program goes on"]);
  });
}
