/** A bar on the error stream that shows how far a long work is; nothing where nobody looks. */

const WIDTH = 24;
/** Of a terminal that does not know. */
const USUAL_COLUMNS = 80;
const CLEAR = "\r\x1b[K";
const encoder = new TextEncoder();

/** Shows the share that is done, in 0..1, and what is next; an empty text takes the bar away. */
export type Progress = (share: number, text: string) => void;

function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * WIDTH);
  const [done, left] = ["#".repeat(full), "-".repeat(WIDTH - full)];
  return Deno.noColor ? `[${done}${left}]` : `[\x1b[36m${done}\x1b[0m\x1b[2m${left}\x1b[0m]`;
}

/** A bar, unless it is not wanted or the error stream is no terminal. */
export function progressBar(isEnabled: boolean): Progress {
  if (!isEnabled || !Deno.stderr.isTerminal()) return () => {};
  return (share, text) => {
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    const line = text === "" ? "" : fitted(`${percent} ${text}`);
    const shown = text === "" ? CLEAR : `${CLEAR}${bar(share)}${line}`;
    Deno.stderr.writeSync(encoder.encode(shown));
  };
}

/** What a line of the terminal has room for beside the bar. */
function fitted(text: string): string {
  const columns = Deno.consoleSize().columns || USUAL_COLUMNS;
  return text.slice(0, Math.max(0, columns - WIDTH - 3));
}
