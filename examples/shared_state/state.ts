// The shared state of the programs of this example.

import { getSharedBackend, type SharedBackend } from "@ringbus/ringbus/state";

/** The state that all programs share. The first one starts its server, the last one stops it. */
export async function openState(): Promise<SharedBackend> {
  const port = Number(Deno.env.get("STATE_PORT") ?? 31135);
  const key = Deno.env.get("STATE_KEY") ?? "a secret of your own";
  return await getSharedBackend({
    backendType: "manager",
    managerAddress: ["127.0.0.1", port],
    managerAuthkey: new TextEncoder().encode(key),
  });
}
