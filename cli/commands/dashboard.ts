/**
 * `ringbus dashboard`: a page in a browser that shows what runs on this machine.
 *
 * @module
 */

import { defineCommand, type OptionTable, UsageError } from "../command.ts";
import { numberOf } from "../arguments/numbers.ts";
import { TOKEN_OPTIONS, tokenOf } from "../arguments/token.ts";
import { withOptions } from "../remedies.ts";
import { aborted, listening } from "../server/listening.ts";
import { openShown, SHOWN_OPTIONS } from "../server/shown.ts";
import { withoutBrackets } from "../../backends/hosting/endpoint.ts";
import {
  SharedMemoryServer,
  type SharedMemoryServerOptions,
} from "../../backends/http/server/server.ts";
import { segmentDirectory } from "../../lib/platform/directory.ts";
import { showLog } from "../../lib/base/log_output.ts";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 8090;
const LAST_PORT = 65_535;

const OPTIONS = {
  host: { type: "string", value: "HOST", help: `address to listen at; default: ${DEFAULT_HOST}` },
  port: {
    type: "string",
    value: "PORT",
    help: `port of the page, 0 for a free one; default: ${DEFAULT_PORT}`,
  },
  ...SHOWN_OPTIONS,
  ...TOKEN_OPTIONS,
} as const satisfies OptionTable;

/** The subcommand. */
export const command = defineCommand({
  usage: "",
  description:
    `Serves a page that shows what runs on this machine, until Ctrl-C or SIGTERM: the channels with
their participants, and the message queues and shared states that are named. It takes part in no channel.
The page of ringbus serve shows the same, and its store.`,
  examples: [
    ["ringbus dashboard", "show the channels of this machine at http://127.0.0.1:8090/"],
    [
      "ringbus dashboard --queue jobs=redis://host:6379 --token-file token.txt",
      "show a queue too, and let those change it who have the token",
    ],
  ],
  options: OPTIONS,
  arity: [0, 0],
  async run({ values, output, signal }) {
    await using _log = await showLog(({ level, text }) => output.notice(`${level}: ${text}`));
    await using running = new AsyncDisposableStack();
    const host = withoutBrackets(values.host ?? DEFAULT_HOST);
    const port = numberOf("port", values.port, { max: LAST_PORT }) ?? DEFAULT_PORT;
    const { dir } = values;
    segmentDirectory(dir);
    const channels = dir === undefined || { dir };
    const token = tokenOf(values, output);
    const shown = await openShown(values, running);
    const server = serverOf({ host, port, token, channels, ...shown });
    const url = await listening("port", host, port, () => server.start());
    running.use(server);
    if (output.isJson) output.json({ url, pid: Deno.pid });
    else output.print(`the dashboard is at ${url}/`);
    await aborted(signal);
  },
});

/** Turns an option that the server rejects into an error of the command line. */
function serverOf(options: SharedMemoryServerOptions): SharedMemoryServer {
  try {
    return new SharedMemoryServer(options);
  } catch (error) {
    const isMisuse = error instanceof TypeError || error instanceof RangeError;
    throw isMisuse ? new UsageError(withOptions(error.message, OPTIONS), { cause: error }) : error;
  }
}
