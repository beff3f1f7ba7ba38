// A worker that watches a directory, until it is terminated.

import { watchChannels } from "../../../mod.ts";

const scope = self as unknown as { postMessage(message: unknown): void };

addEventListener("message", async (event) => {
  const { dir } = (event as MessageEvent<{ dir: string }>).data;
  for await (const { type } of watchChannels({ dir })) scope.postMessage(type);
});
