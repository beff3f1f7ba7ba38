// The layers of the sources: which folder may import which, and no circle of imports.
// docs/architecture.md describes the same layers.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  forbiddenImports,
  importCircles,
  importedRows,
  readImports,
} from "./support/import_graph.ts";
import { ROOT } from "./support/program.ts";

/** What the package consists of, besides the programs that build and test it. */
const SOURCES = [
  "wasm/layout.ts",
  "wasm/failpoints.ts",
  "wasm/ring_bytes.ts",
  "wasm/ring_exports.ts",
  "lib",
  "backends",
  "otel",
  "testing",
  "cli",
  "mod.ts",
  "channels.ts",
  "main.ts",
];

/** Folders by layer, each with the folders that it may import besides itself. A type counts as well. */
const ALLOWED = table(`
  wasm:
  lib/base:
  lib/platform:       lib/base
  lib/message:        lib/base
  lib/presence:       lib/base lib/platform
  lib/segment:        lib/base lib/platform lib/presence wasm
  lib/codecs:         lib/base lib/message
  lib/channel:        lib/base lib/presence lib/segment lib/codecs wasm
  lib/sockets:        lib/base lib/presence lib/segment lib/codecs lib/channel wasm
  lib/schema:         lib/base lib/codecs
  lib/journal:        lib/base lib/platform lib/presence lib/segment lib/codecs lib/channel wasm
  lib/latest:         lib/base lib/presence lib/segment lib/codecs lib/channel lib/journal wasm
  lib/events:         lib/base lib/platform lib/presence lib/segment lib/channel wasm
  lib/typed:          lib/base lib/segment lib/codecs lib/channel lib/sockets lib/latest lib/schema
  lib/observe:        lib/base lib/platform lib/presence lib/segment lib/codecs lib/channel lib/journal wasm
  lib/recording:      lib/base lib/segment lib/codecs lib/channel lib/sockets lib/observe wasm

  backends/store:           lib/base lib/message
  backends/hosting:         lib/base backends/store
  backends/redis:           lib/base
  backends/messaging:       lib/base lib/message lib/schema backends/store
  backends/messaging/shm:   lib/base lib/message lib/presence lib/channel lib/journal backends/store backends/messaging
  backends/queue:           lib/base lib/presence lib/schema
  backends/queue/memory:    lib/base backends/queue
  backends/queue/redis:     lib/base backends/queue backends/redis
  backends/queue/shm:       lib/base lib/presence lib/channel lib/journal backends/queue backends/queue/memory
  backends/http/metrics:    lib/base backends/store backends/queue backends/state
  backends/http/dashboard:  lib/base lib/message backends/store backends/queue backends/state backends/http/metrics
  backends/http/machine:    lib/base lib/platform lib/observe backends/http/metrics
  backends/http/server:     lib/base lib/message backends/store backends/queue backends/state backends/hosting backends/http/metrics backends/http/dashboard backends/http/machine
  backends/http/client:     lib/base lib/message backends/store backends/hosting backends/messaging backends/http/server
  backends/tcp/protocol:    lib/message backends/store
  backends/resp/protocol:   backends/store backends/tcp/protocol
  backends/resp/engine:     lib/base backends/store backends/resp/protocol
  backends/resp/scripts:    lib/base backends/store backends/resp/protocol backends/resp/engine
  backends/resp/commands:   lib/base backends/store backends/resp/protocol backends/resp/engine backends/resp/scripts
  backends/resp/server:     lib/base backends/store backends/hosting backends/tcp/protocol backends/resp/protocol backends/resp/engine backends/resp/commands
  backends/tcp/server:      lib/base lib/message backends/store backends/hosting backends/tcp/protocol backends/resp/engine backends/resp/server
  backends/tcp/client:      lib/base lib/message backends/store backends/hosting backends/messaging backends/tcp/protocol backends/tcp/server
  backends/state:           lib/base lib/codecs lib/schema
  backends/state/redis:     lib/base backends/state backends/redis
  backends/state/shm:       lib/base lib/codecs lib/journal backends/state
  backends/state/manager:   lib/base backends/state backends/store backends/hosting backends/messaging backends/tcp/protocol backends/tcp/server backends/tcp/client

  backends/messaging_config.ts:    lib/base backends/messaging backends/messaging/shm backends/http/client backends/tcp/client
  backends/state/singleton.ts:     lib/base backends/state backends/state/manager backends/state/redis backends/state/shm
  backends/http/mod.ts:            lib/base backends/store backends/hosting backends/messaging backends/messaging_config.ts backends/http/client backends/http/server
  backends/tcp/mod.ts:             lib/base backends/resp/engine backends/resp/server backends/store backends/hosting backends/messaging backends/messaging_config.ts backends/tcp/client backends/tcp/server backends/state/manager
  backends/queue/redis/mod.ts:     lib/base backends/queue backends/queue/redis
  backends/state/mod.ts:           backends/state backends/state/singleton.ts backends/state/manager backends/state/redis backends/state/shm
  channels.ts: lib/base lib/presence lib/segment lib/codecs lib/channel lib/sockets
  mod.ts:    channels.ts lib/base lib/message lib/latest lib/events lib/observe backends/store backends/messaging backends/messaging/shm backends/queue backends/queue/memory backends/queue/shm lib/schema lib/typed
  otel:      lib/base lib/message lib/sockets backends/hosting backends/messaging
  testing:   lib/base lib/platform lib/message lib/observe backends/hosting backends/messaging backends/messaging_config.ts backends/http/client backends/http/server backends/resp/engine backends/resp/server backends/store backends/tcp/client backends/tcp/server
  deno.json:
  cli:       deno.json wasm lib/base lib/message lib/platform lib/presence lib/segment lib/codecs lib/channel lib/sockets lib/latest lib/observe lib/recording backends/store backends/messaging backends/queue backends/queue/shm backends/queue/redis/mod.ts backends/state backends/state/manager backends/state/redis backends/state/shm backends/hosting backends/redis backends/http/client backends/http/server backends/tcp/client backends/tcp/server mod.ts
  main.ts:   cli
`);

function table(text: string): Record<string, string[]> {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const rows = lines.map((line) => line.split(/:\s*/));
  return Object.fromEntries(rows.map(([row, list]) => [row, list.split(" ").filter(Boolean)]));
}

Deno.test("each folder imports only the folders that the table allows", () => {
  const problems = forbiddenImports(readImports(fileURLToPath(ROOT), SOURCES), ALLOWED);
  assert.deepEqual(problems, [], problems.join("\n"));
});

Deno.test("the table has no circle of folders, and no arrow that the sources lack", () => {
  assert.deepEqual(importCircles(new Map(Object.entries(ALLOWED))), []);
  const graph = readImports(fileURLToPath(ROOT), SOURCES);
  for (const [row, list] of Object.entries(ALLOWED)) {
    const imported = importedRows(graph, ALLOWED, row);
    const unused = list.filter((other) => !imported.includes(other));
    assert.deepEqual(unused, [], `${row} does not import ${unused}: remove it from the row`);
  }
});

Deno.test("no cycle of imports, neither of values nor of types", () => {
  assert.deepEqual(importCircles(readImports(fileURLToPath(ROOT), SOURCES)), []);
});

/** Copies the sources, changes one of them, and passes the folder of the copy on. */
function withMutation(file: string, line: string, test: (root: string) => void): void {
  const root = Deno.makeTempDirSync();
  try {
    for (const path of readImports(fileURLToPath(ROOT), SOURCES).keys()) {
      Deno.mkdirSync(join(root, dirname(path)), { recursive: true });
      Deno.copyFileSync(new URL(path, ROOT), join(root, path));
    }
    const text = Deno.readTextFileSync(join(root, file));
    Deno.writeTextFileSync(join(root, file), `${line}\n${text}`);
    test(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

Deno.test("an import of a higher layer is found, and the message says where it should go", () => {
  const line = 'import { Publisher } from "../sockets/publisher.ts";';
  withMutation("lib/segment/ring.ts", line, (root) => {
    const problems = forbiddenImports(readImports(root, SOURCES), ALLOWED);
    assert.equal(problems.length, 1);
    assert.match(problems[0], /^lib\/segment\/ring\.ts imports lib\/sockets\/publisher\.ts: /);
    assert.match(problems[0], /down into .*lib\/base/);
    assert.match(problems[0], /up into .*lib\/sockets/);
  });
});

Deno.test("a circle of types is found within one folder", () => {
  const line = 'import type { Publisher } from "./publisher.ts";';
  withMutation("lib/sockets/socket.ts", line, (root) => {
    const circles = importCircles(readImports(root, SOURCES));
    assert.equal(circles.length, 1);
    assert.ok(circles[0].includes("lib/sockets/socket.ts"));
    assert.ok(circles[0].includes("lib/sockets/publisher.ts"));
  });
});

Deno.test("a file of a folder without a row is found", () => {
  const line = 'import "../../elsewhere/file.ts";';
  withMutation("lib/base/log.ts", line, (root) => {
    const read = () => forbiddenImports(readImports(root, SOURCES), ALLOWED);
    assert.throws(read, /elsewhere\/file\.ts is in no folder of the table: add a row/);
  });
});
