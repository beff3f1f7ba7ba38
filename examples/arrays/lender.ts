// Writes arrays in place in the ring, without a copy. Run it, with viewer.ts before or after it:
//   deno run --allow-ffi examples/arrays/lender.ts
import { Pusher } from "@ringbus/ringbus";

using pusher = new Pusher<Uint8Array>("example-in-place", { codec: "raw" });
for (let round = 1; round <= 3; round++) {
  using loan = pusher.loan(8 * 1000);
  if (loan === undefined) throw new Error("the ring is full");
  const { buffer, byteOffset } = loan.bytes; // always a multiple of 8
  new Float64Array(buffer, byteOffset, 1000).fill(round);
  loan.commit(); // without it, the end of the block releases the space
}
console.log("lent 3 arrays");
