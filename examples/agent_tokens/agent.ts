// An agent that streams tokens, up to four answers at a time. Start several, each with a name and with the
// milliseconds between tokens, and kill one with `kill -9` while it streams. It runs until Ctrl-C:
//   deno run --allow-ffi examples/agent_tokens/agent.ts ann [milliseconds]
import { answers, token } from "./channels.ts";

const [agent, tokenMs = "20"] = Deno.args;
const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

using replier = answers.replier({ label: agent });
console.log(`${agent} is ready`);
let total = 0;
await replier.serveStream(async function* ({ prompt, from }, { signal }) {
  let produced = 0;
  try {
    for (let text; (text = token(prompt, from + produced)) !== undefined;) {
      produced++;
      yield { agent, text }; // waits while the coordinator is behind
      await new Promise((resolve) => setTimeout(resolve, Number(tokenMs)));
    }
    return { produced };
  } finally {
    total += produced;
    if (signal.aborted) console.log(`${agent} was cancelled after token ${from + produced}`);
  }
}, { signal: stop.signal, concurrency: 4 });
console.log(`${agent} produced ${total} tokens`);
Deno.exit();
