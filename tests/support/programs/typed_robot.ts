// A robot that moves on request, and publishes where it is; it ends on request.

import { SchemaError } from "../../../mod.ts";
import { movements, positions } from "../typed_channels.ts";

using publisher = positions.publisher();
using replier = movements.replier();
const stop = new AbortController();
const served = replier.serveStream(function* ({ joint, speed = 1 }) {
  if (joint === "broken") return { angle: "reply" } as never;
  if (joint === "end") {
    stop.abort();
    return { angle: 2 * speed };
  }
  yield speed;
  yield 2 * speed;
  publisher.send({ x: speed, y: 2 * speed, labels: ["moved"] });
  return undefined;
}, { signal: stop.signal });
console.log("ready");
await served;
try {
  publisher.send({ x: 1 } as never);
} catch (error) {
  if (!(error instanceof SchemaError)) throw error;
  console.log(`refused: ${error.issues[0].path}`);
}
