/**
 * The token of a server: from an option, a file, or the environment.
 *
 * @module
 */

import { type OptionTable, UsageError } from "../command.ts";
import type { Output } from "../output.ts";
import { messageOf } from "../../lib/base/thrown.ts";

const VARIABLE = "RINGBUS_TOKEN";

/** Options for the token. */
export const TOKEN_OPTIONS = {
  token: {
    type: "string",
    value: "TOKEN",
    help: "token that clients must send; other users see it in the list of processes",
  },
  "token-file": {
    type: "string",
    value: "FILE",
    help: `file with the token; default: ${VARIABLE} of the environment, if it is set`,
  },
} as const satisfies OptionTable;

/**
 * Returns the token. Undefined if there is none.
 *
 * @throws {UsageError} if two are given, or one is empty
 */
export function tokenOf(
  { token, "token-file": file }: { token?: string; "token-file"?: string },
  output: Output,
): string | undefined {
  if (token !== undefined && file !== undefined) {
    throw new UsageError("give --token or --token-file, not both");
  }
  if (token !== undefined) return token;
  return file === undefined ? tokenOfEnvironment(output) : tokenIn(file);
}

function tokenIn(file: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    throw new Error(`cannot read the token: ${messageOf(cause)}`, { cause });
  }
  const token = text.trim();
  if (token === "") throw new UsageError(`--token-file ${file} is empty: put the token into it`);
  return token;
}

/** Queries the permission first, so that a program without a token needs none. */
function tokenOfEnvironment(output: Output): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
  if (state === "granted") return Deno.env.get(VARIABLE);
  output.notice(`${VARIABLE} is not read: that needs --allow-env=${VARIABLE}`);
  return undefined;
}
