// Random commands have the same replies as those of a real server.

import assert from "node:assert/strict";
import { withSeed } from "../../support/seed.ts";
import { runDifferential } from "../../stress/redis/differential.ts";
import { withServers } from "../../stress/redis/servers.ts";
import { TEMPLATES } from "../../stress/redis/templates.ts";

const TYPES = Object.keys(TEMPLATES);
const COMMANDS = 1500;

for (
  const types of [...TYPES.filter((type) => type !== "keys").map((type) => ["keys", type]), TYPES]
) {
  Deno.test(`resp: every reply is that of redis-server: ${types.join(", ")}`, () =>
    withSeed((seed) =>
      withServers(async (pair) => {
        const { commands } = await runDifferential(pair, { types, commands: COMMANDS, seed });
        // The lengths of the sequences are drawn: so is their sum.
        assert.ok(commands > COMMANDS / 2, `only ${commands} commands were sent`);
      })
    ));
}
