/**
 * The program of a TCP server in a worker or in a process of its own.
 *
 * @module
 */

import { runServer } from "../../hosting/program.ts";
import { makeServer } from "./launch.ts";

await runServer(makeServer);
