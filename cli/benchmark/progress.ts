/** A progress bar on the error stream, if that is a terminal. */

const WIDTH = 24;
/** Columns of a terminal whose size is unknown. */
const USUAL_COLUMNS = 80;
const CLEAR = "\r\x1b[K";
const encoder = new TextEncoder();

/** Shows the share that is done, from 0 to 1, and the next step. An empty text removes the bar. */
export type Progress = (share: number, text: string) => void;

function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * WIDTH);
  const [done, left] = ["#".repeat(full), "-".repeat(WIDTH - full)];
  return Deno.noColor ? `[${done}${left}]` : `[\x1b[36m${done}\x1b[0m\x1b[2m${left}\x1b[0m]`;
}

/** A progress bar. It shows nothing if it is disabled, or the error stream is not a terminal. */
export function progressBar(isEnabled: boolean): Progress {
  if (!isEnabled || !Deno.stderr.isTerminal()) return () => {};
  return (share, text) => {
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    const line = text === "" ? "" : fitted(`${percent} ${text}`);
    const shown = text === "" ? CLEAR : `${CLEAR}${bar(share)}${line}`;
    Deno.stderr.writeSync(encoder.encode(shown));
  };
}

/** The part of a text that fits a line of the terminal beside the bar. */
function fitted(text: string): string {
  const columns = Deno.consoleSize().columns || USUAL_COLUMNS;
  return text.slice(0, Math.max(0, columns - WIDTH - 3));
}
