// Reads the snapshots as they arrive. The token is in a header; an EventSource can neither send a header nor
// report the status of a rejected request.

const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
/** A server that is silent for so long counts as lost. */
const SILENCE_MS = 45_000;

/**
 * Keeps reading until the server wants a token that it does not get. Calls `on.snapshot` with
 * each one, and `on.lost` with the reason why there are none now: "lost" or "busy".
 */
export async function follow(token, on, signal) {
  for (let retryMs = MIN_RETRY_MS; !signal.aborted;) {
    const cause = await read(token, (snapshot) => {
      retryMs = MIN_RETRY_MS;
      on.snapshot(snapshot);
    }, signal);
    if (cause === "unauthorized" || signal.aborted) return;
    on.lost(cause);
    await sleep(retryMs, signal);
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
  }
}

/** Reads until the stream ends; why it ended. */
async function read(token, onSnapshot, signal) {
  const silence = new AbortController();
  let timer;
  const wind = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  try {
    wind();
    const response = await fetch("/snapshots", {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 401) return "unauthorized";
    if (!response.ok) return "busy";
    for await (const snapshot of eventsIn(response.body)) {
      wind();
      onSnapshot(snapshot);
    }
    return "lost";
  } catch {
    return "lost";
  } finally {
    clearTimeout(timer);
  }
}

/** The JSON of the events of a stream. Comments only show that it is alive. */
export async function* eventsIn(body) {
  let text = "";
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece; !(piece = await reader.read()).done;) {
    const events = (text + piece.value).split("\n\n");
    text = events.pop();
    for (const event of events) {
      if (event.startsWith("data: ")) yield JSON.parse(event.slice("data: ".length));
    }
  }
}

function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
