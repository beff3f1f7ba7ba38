// Creates a backend from a configuration, for a program that leaves the choice to its user. Run it:
//   deno run --allow-net examples/http/config.ts
import { createSharedMessagingConfig, MessagingConfig } from "@ringbus/ringbus/http";

const config = new MessagingConfig(createSharedMessagingConfig());
await config.validate();
console.log(`${config.backendClass} of ${config.backendModule}`);

await using backend = await config.createBackend();
await backend.testConnection();
console.log(`subscriptions: ${backend.supportsSubscription() ? "yes" : "no"}`);

try {
  await new MessagingConfig({ backendModule: "./http", backendClass: "Nonsense" }).validate();
} catch (error) {
  console.log((error as Error).message);
}
