/**
 * The HTTP server for a worker or a process of its own.
 *
 * @module
 */

import { runServer } from "../../hosting/program.ts";
import { SharedMemoryServer, type SharedMemoryServerConfig } from "./server.ts";

await runServer((options: SharedMemoryServerConfig) => new SharedMemoryServer(options));
