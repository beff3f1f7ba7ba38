/**
 * The token of a server: from an option, a file, or the environment.
 *
 * @module
 */

import { type OptionTable, UsageError } from "../command.ts";
import type { Output } from "../output.ts";
import { messageOf } from "../../lib/base/thrown.ts";

const VARIABLE = "RINGBUS_TOKEN";

/** Where a token comes from. */
export const TOKEN_OPTIONS = {
  token: {
    type: "string",
    value: "TOKEN",
    help: "what clients must show; other users see it in the list of processes",
  },
  "token-file": {
    type: "string",
    value: "FILE",
    help: `file with the token; else ${VARIABLE} of the environment, if it is set`,
  },
} as const satisfies OptionTable;

/**
 * The token; undefined if there is none.
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

/** Asks first, so that it needs no permission where there is nothing to read. */
function tokenOfEnvironment(output: Output): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
  if (state === "granted") return Deno.env.get(VARIABLE);
  output.notice(`${VARIABLE} is not looked at: that takes --allow-env=${VARIABLE}`);
  return undefined;
}
