// Scripts have the same replies as those of a real server, in both versions of the protocol.

import assert from "node:assert/strict";
import { withServers } from "../../../stress/redis/servers.ts";
import type { WireReply } from "../../../support/resp_client.ts";
import { CASES } from "./cases.ts";

const KEYS_AND_ARGUMENTS = ["2", "k1", "k2", "10", "x"];

for (const [name, scripts] of Object.entries(CASES)) {
  Deno.test(`scripts have the replies of redis-server: ${name}`, () =>
    withServers(async ({ ours, theirs }) => {
      const differences: unknown[] = [];
      for (const version of ["2", "3"]) {
        for (const client of [ours, theirs]) await client.call("HELLO", version);
        for (const script of scripts) {
          const replies: WireReply[] = [];
          for (const client of [ours, theirs]) {
            await client.call("FLUSHALL");
            replies.push(await client.call("EVAL", script, ...KEYS_AND_ARGUMENTS));
          }
          const [actual, expected] = replies;
          if (JSON.stringify(actual) === JSON.stringify(expected)) continue;
          differences.push({ version, script, actual, expected });
        }
      }
      assert.deepEqual(differences, []);
    }));
}
