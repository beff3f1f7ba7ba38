/**
 * The Lua that runs around scripts.
 *
 * @module
 */

import { BIT } from "./bit.ts";
import { CJSON } from "./cjson.ts";
import { CMSGPACK } from "./cmsgpack.ts";
import { FLOATS } from "./floats.ts";
import { CONVERSION, HOST, REDIS_API, SERVE } from "./redis_api.ts";
import { LIBRARIES, MATH, SANDBOX } from "./sandbox.ts";
import { STRUCT } from "./struct.ts";
import { WIDE_NUMBERS } from "./wide_numbers.ts";

/** A function has 200 local variables at most: what only one library needs is in a block of its own. */
const block = (text: string) => `do\n${text}\nend\n`;

/** Lua that defines the global function `serve`. Some global variables are given to it. */
export const RUNTIME: string = [
  HOST,
  SANDBOX,
  block(WIDE_NUMBERS),
  LIBRARIES,
  "local seed, reply, encode, decode",
  block(MATH),
  block(CONVERSION),
  block(REDIS_API),
  "local bytesOf, numberOf, floatBytes, floatOf",
  block(FLOATS),
  block(BIT),
  block(STRUCT),
  block(CMSGPACK),
  block(CJSON),
  SERVE,
].join("\n");
