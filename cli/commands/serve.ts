/**
 * `ringbus serve`: runs the servers on one store.
 *
 * @module
 */

import { defineCommand, type OptionTable, UsageError, type Values } from "../command.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import { numberOf } from "../arguments/numbers.ts";
import type { Output } from "../output.ts";
import { LIMIT_OPTIONS, limitsOf } from "../arguments/serve_limits.ts";
import { withOptions } from "../remedies.ts";
import { TOKEN_OPTIONS, tokenOf } from "../arguments/token.ts";
import { aborted, listening } from "../server/listening.ts";
import { channelsOf, openShown, type Shown, SHOWN_OPTIONS } from "../server/shown.ts";
import { SharedMemoryServer } from "../../backends/http/server/server.ts";
import { urlOf, withoutBrackets } from "../../backends/hosting/endpoint.ts";
import { DEFAULT_PORT } from "../../backends/tcp/server/options.ts";
import { EmbeddedServer } from "../../backends/tcp/server/server.ts";
import { Store } from "../../backends/store/store.ts";
import { showLog } from "../../lib/base/log_output.ts";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_HTTP_PORT = 8080;
const LAST_PORT = 65_535;

const OPTIONS = {
  host: { type: "string", value: "HOST", help: `address to listen at; default: ${DEFAULT_HOST}` },
  "http-port": {
    type: "string",
    value: "PORT",
    help: `port of HTTP, 0 for a free one; default: ${DEFAULT_HTTP_PORT}`,
  },
  "tcp-port": {
    type: "string",
    value: "PORT",
    help: `port of TCP, 0 for a free one; default: ${DEFAULT_PORT}`,
  },
  http: { type: "boolean", isOn: true, help: "do not serve HTTP" },
  tcp: { type: "boolean", isOn: true, help: "do not serve TCP" },
  ...SHOWN_OPTIONS,
  channels: {
    type: "boolean",
    isOn: true,
    help: "do not show the channels of this machine on the dashboard and in /metrics",
  },
  ...TOKEN_OPTIONS,
  ...LIMIT_OPTIONS,
} as const satisfies OptionTable;

/** The subcommand. */
export const command = defineCommand({
  usage: "",
  description:
    `Serves messages by topic, subscriptions and values over HTTP and over TCP, and Redis clients
on the port of TCP, all on one store in memory, until Ctrl-C or SIGTERM. It still replies to requests that have arrived by then.
Other machines reach it only with --host and a token.`,
  examples: [
    ["ringbus serve --http-port 8080 --tcp-port 31134", "serve programs on this machine"],
    [
      "ringbus serve --host 0.0.0.0 --token-file token.txt",
      "serve other machines, which need the token",
    ],
  ],
  options: OPTIONS,
  arity: [0, 0],
  async run({ values, output, signal }) {
    await using _log = await showLog(({ level, text }) => output.notice(`${level}: ${text}`));
    await using running = new AsyncDisposableStack();
    const servers = serversOf(values, output, await openShown(values, running));
    printReady(output, await startAll(servers, running));
    await aborted(signal);
    await running.disposeAsync();
    const { stored } = servers.store.stats();
    output.notice(`stopped; ${pluralize(stored, "message")} were stored`);
  },
});

/** The servers to run, and their store. */
interface Servers {
  readonly host: string;
  readonly store: Store;
  readonly http: { server: SharedMemoryServer; port: number } | undefined;
  readonly tcp: { server: EmbeddedServer; port: number } | undefined;
}

function serversOf(
  values: Values<typeof OPTIONS>,
  output: Output,
  shown: Shown,
): Servers {
  const { http: hasHttp = true, tcp: hasTcp = true } = values;
  const host = withoutBrackets(values.host ?? DEFAULT_HOST);
  if (!hasHttp && !hasTcp) {
    throw new UsageError("--no-http and --no-tcp leave nothing to serve: give one of them");
  }
  const limits = limitsOf(values);
  const httpPort = portOf("http-port", values["http-port"], DEFAULT_HTTP_PORT);
  const tcpPort = portOf("tcp-port", values["tcp-port"], DEFAULT_PORT);
  const token = tokenOf(values, output);
  const channels = hasHttp && values.channels !== false && channelsOf(values, output);
  return checked(() => {
    const store = new Store(limits.store);
    const common = { host, token, store };
    const http = () =>
      new SharedMemoryServer({ ...common, ...limits.http, port: httpPort, ...shown, channels });
    const tcp = () => new EmbeddedServer({ ...common, ...limits.tcp, port: tcpPort });
    return {
      host,
      store,
      http: hasHttp ? { server: http(), port: httpPort } : undefined,
      tcp: hasTcp ? { server: tcp(), port: tcpPort } : undefined,
    };
  });
}

/** Addresses of the servers. */
interface Urls {
  readonly httpUrl: string | null;
  readonly tcpUrl: string | null;
  readonly redisUrl: string | null;
}

/** HTTP starts last and stops first, so that messages it still stores are pushed over TCP. */
async function startAll(
  { host, http, tcp }: Servers,
  running: AsyncDisposableStack,
): Promise<Urls> {
  let [httpUrl, tcpUrl, redisUrl]: (string | null)[] = [null, null, null];
  if (tcp !== undefined) {
    const port = await listening("tcp-port", host, tcp.port, () => tcp.server.start());
    running.use(tcp.server);
    tcpUrl = urlOf("tcp", host, port);
    redisUrl = urlOf("redis", host, port);
  }
  if (http !== undefined) {
    httpUrl = await listening("http-port", host, http.port, () => http.server.start());
    running.use(http.server);
  }
  return { httpUrl, tcpUrl, redisUrl };
}

function portOf(option: string, text: string | undefined, otherwise: number): number {
  return numberOf(option, text, { max: LAST_PORT }) ?? otherwise;
}

/** Turns an option that a server rejects into an error of the command line. */
function checked<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    const isMisuse = error instanceof TypeError || error instanceof RangeError;
    throw isMisuse ? new UsageError(withOptions(error.message, OPTIONS), { cause: error }) : error;
  }
}

function printReady(output: Output, urls: Urls): void {
  if (output.isJson) output.json({ ...urls, pid: Deno.pid });
  else {
    const shown = [urls.httpUrl, urls.tcpUrl, urls.redisUrl].filter((url) => url !== null);
    output.print(`serving ${shown.join(" and ")}`);
  }
  if (urls.httpUrl === null || output.isJson) return;
  output.notice(
    `${urls.httpUrl}/ is a dashboard in a browser, ${urls.httpUrl}/metrics for Prometheus`,
  );
}
