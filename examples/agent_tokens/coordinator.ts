// Asks the agents several things at once and counts their tokens. An answer whose agent dies goes on with another
// agent, behind the last token that was received; an endless answer is cancelled:
//   deno run --allow-ffi examples/agent_tokens/coordinator.ts
import { ShmPeerLostError } from "@ringbus/ringbus";
import { answers, ENDLESS, token } from "./channels.ts";

const PROMPTS = [ENDLESS, "apples", "pears", "plums", "figs", "dates"];
const MOST_TOKENS = 40;

using agents = answers.requester();

async function receive(prompt: string, tokens: string[]): Promise<void> {
  const request = { prompt, from: tokens.length };
  for await (const { agent, text } of agents.stream(request, { timeoutMs: 60_000, window: 8 })) {
    if (tokens.push(text) === request.from + 1) console.log(`${agent} streams ${prompt}`);
    if (tokens.length === MOST_TOKENS) break; // cancels: the agent's generator ends
  }
}

async function ask(prompt: string): Promise<string[]> {
  const tokens: string[] = [];
  while (true) {
    try {
      await receive(prompt, tokens);
      return tokens;
    } catch (error) {
      if (!(error instanceof ShmPeerLostError)) throw error;
      console.log(`lost an agent after token ${tokens.length} of ${prompt}`);
    }
  }
}

const all = await Promise.all(PROMPTS.map(ask));
for (const [i, tokens] of all.entries()) {
  const isRight = tokens.every((text, index) => text === token(PROMPTS[i], index));
  if (!isRight) throw new Error(`${PROMPTS[i]}: ${tokens.join(" ")}`);
}
console.log(`${all.flat().length} tokens: ${all.map((tokens) => tokens.length).join(" + ")}`);
