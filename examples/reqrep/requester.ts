// Requests square roots from replier.ts, many at once. Run it, with replier.ts before or after it:
//   deno run --allow-ffi examples/reqrep/requester.ts
import { Requester, ShmRemoteError } from "@ringbus/ringbus";

using requester = new Requester<number, number>("example-roots");
const numbers = [1, 4, 9, 16, 25];
const roots = await Promise.all(
  numbers.map((n) => requester.request(n, { timeoutMs: 10_000 })),
);
console.log(`roots: ${roots.join(", ")}`);

try {
  await requester.request(-1, { timeoutMs: 10_000 });
} catch (error) {
  if (!(error instanceof ShmRemoteError)) throw error;
  console.log(`refused: ${error.message}`); // the error of the handler
}
