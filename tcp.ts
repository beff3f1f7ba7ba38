export { EmbeddedServer } from "./backends/tcp/server.ts";
