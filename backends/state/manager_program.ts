/**
 * The server of shared state in a process of its own.
 *
 * @module
 */

import { runServer } from "../serving/program.ts";
import { makeManagerServer } from "./manager_server.ts";

await runServer(makeManagerServer);
