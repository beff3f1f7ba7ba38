// Shares work among workers of this process, without FFI. It only needs to read its code:
//   deno run --allow-read=. examples/workers/main.ts
import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";

using tasks = LocalChannel.create();
using results = LocalChannel.create();
const workers = [1, 2].map(() => {
  const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
  worker.postMessage({ tasks: tasks.handle, results: results.handle });
  return worker;
});

using pusher = new Pusher<number>(tasks.handle);
using puller = new Puller<number>(results.handle);
for (let n = 1; n <= 100; n++) await pusher.sendAsync(n);
let sum = 0;
for (let left = 100; left > 0; left--) sum += await puller.recv();
console.log(`sum of the squares from 1 to 100: ${sum}`);
for (const worker of workers) worker.terminate();
