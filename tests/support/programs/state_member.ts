/**
 * A process with shared state on a manager. Its arguments are a port and a key in base64; it appends a
 * slot, says where, and then does nothing until it is ended.
 *
 * @module
 */

import { ManagerBackend } from "../../../backends/state/mod.ts";

const [port, key] = Deno.args;
const backend = new ManagerBackend({
  managerAddress: ["127.0.0.1", Number(port)],
  managerAuthkey: Uint8Array.fromBase64(key),
});
console.log(`index ${await backend.bufferAppend("t", Uint8Array.of(1))}`);
setInterval(() => {}, 1000);
