/**
 * The server that a command is about.
 *
 * @module
 */

import { TOKEN_OPTIONS, tokenOf } from "../arguments/token.ts";
import { type OptionTable, UsageError } from "../command.ts";
import type { Output } from "../output.ts";
import type { ServerClient } from "./client.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";

/** Options that name a server. */
export const SERVER_OPTIONS = {
  url: {
    type: "string",
    short: "u",
    value: "URL",
    help:
      `URL of the server: http://, https://, tcp:// or redis://HOST:PORT; default: ${DEFAULT_URL}`,
  },
  token: { ...TOKEN_OPTIONS.token, help: "the server's token; other users see it among processes" },
  "token-file": {
    ...TOKEN_OPTIONS["token-file"],
    help: "file with the server's token; default: RINGBUS_TOKEN of the environment, if it is set",
  },
} as const satisfies OptionTable;

/** Values of the options that name a server. */
export interface ServerValues {
  readonly url?: string;
  readonly token?: string;
  readonly "token-file"?: string;
}

/**
 * Connects to the server that the options name. A command that speaks HTTP loads no client of Redis.
 *
 * @throws {UsageError} if the URL is none of a server
 */
export async function openServer(values: ServerValues, output: Output): Promise<ServerClient> {
  const { url = DEFAULT_URL } = values;
  const token = tokenOf(values, output);
  switch (URL.parse(url)?.protocol) {
    case "http:":
    case "https:": {
      const { HttpServerClient } = await import("./http_client.ts");
      return new HttpServerClient(url, token);
    }
    case "tcp:": {
      const { TcpServerClient } = await import("./tcp_client.ts");
      return new TcpServerClient(url, token);
    }
    case "redis:":
    case "rediss:": {
      const { RedisServerClient } = await import("./redis_client.ts");
      return await RedisServerClient.open(url, token);
    }
    default:
      throw new UsageError(
        `--url takes the URL of a server, such as http://HOST:8080, tcp://HOST:31134 or ` +
          `redis://HOST:6379, not ${JSON.stringify(url)}`,
      );
  }
}
