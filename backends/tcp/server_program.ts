/**
 * A TCP server in a worker, or in a process of its own.
 *
 * @module
 */

import { runServer } from "../serving/program.ts";
import { makeServer } from "./server_kind.ts";

await runServer(makeServer);
