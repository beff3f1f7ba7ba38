// Squares numbers. Started by main.ts, which posts the handles of both channels.
import { type LocalHandle, Puller, Pusher } from "@ringbus/ringbus";

addEventListener("message", async (event) => {
  const { tasks, results }: Record<string, LocalHandle> = (event as MessageEvent).data;
  using puller = new Puller<number>(tasks);
  using pusher = new Pusher<number>(results);
  for await (const n of puller) await pusher.sendAsync(n * n);
}, { once: true });
