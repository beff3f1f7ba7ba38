// Values by key, as in Redis: strings that expire, hashes, sets. Run it:
//   deno run --allow-net examples/http/values.ts
import { SharedMemoryMessagingBackend } from "@ringbus/ringbus/http";

await using backend = new SharedMemoryMessagingBackend();

await backend.set("key", "value", { ex: 60 });
console.log(await backend.get("key"));

await backend.set("short", "lived", { ex: 0.05 });
await new Promise((resolve) => setTimeout(resolve, 100));
console.log(await backend.get("short"));

await backend.hset("user:123", "name", "John");
await backend.hset("user:123", "email", "john@example.com");
console.log(await backend.hget("user:123", "name"));

await backend.sadd("active_users", "user1", "user2", "user3");
console.log(`${await backend.sadd("active_users", "user3", "user4")} of 2 are new`);
console.log(await backend.smembers("active_users"));

await backend.set("any JSON", { ids: [9737962806006804483n] });
console.log(await backend.get("any JSON"));
