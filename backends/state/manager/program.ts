/**
 * The server of shared state in a process of its own.
 *
 * @module
 */

import { runServer } from "../../hosting/program.ts";
import { makeManagerServer } from "./server.ts";

await runServer(makeManagerServer);
