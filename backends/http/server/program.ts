/**
 * The program of an HTTP server in a worker or in a process of its own.
 *
 * @module
 */

import { runServer } from "../../hosting/program.ts";
import { SharedMemoryServer, type SharedMemoryServerConfig } from "./server.ts";

await runServer((options: SharedMemoryServerConfig) => new SharedMemoryServer(options));
