// Sends many questions to the agents at once. A question whose agent died goes to another agent:
//   deno run --allow-ffi examples/agent_swarm/boss.ts
import { Requester, ShmPeerLostError } from "@ringbus/ringbus";
import { type Answer, QUESTIONS } from "./channels.ts";

using agents = new Requester<string, Answer>(QUESTIONS);

async function ask(question: string): Promise<Answer> {
  for (let attempt = 1;; attempt++) {
    try {
      return await agents.request(question, { timeoutMs: 60_000 });
    } catch (error) {
      if (!(error instanceof ShmPeerLostError) || attempt === 3) throw error;
      console.log(`asked again: ${question}`);
    }
  }
}

const questions = ["apples", "pears", "plums", "apples", "pears", "plums"].map(
  (item, i) => `How many boxes of ${12 - i} for ${item}?`,
);
const replies = await Promise.all(questions.map(ask));
for (const { text } of replies) console.log(text);
const calls = replies.reduce((sum, { toolCalls }) => sum + toolCalls, 0);
console.log(`${calls} calls of tools by ${new Set(replies.map(({ agent }) => agent)).size} agents`);
