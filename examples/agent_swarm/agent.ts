// An agent: it takes a question, lets its model use tools until the model has an answer, and replies. Start
// several, each with a name and the milliseconds that its model thinks: they share the questions. It runs
// until Ctrl-C:
//   deno run --allow-ffi examples/agent_swarm/agent.ts ann [milliseconds]
import { Replier, Requester, ShmRemoteError } from "@ringbus/ringbus";
import { type Answer, QUESTIONS, type ToolCall, TOOLS } from "./channels.ts";
import { type Model, ScriptedModel, type Turn } from "./model.ts";

const MAX_STEPS = 8;
const [agent, thinkMs = "30"] = Deno.args;
const model: Model = new ScriptedModel(Number(thinkMs));

using tools = new Requester<ToolCall, number>(TOOLS);

/** Returns the result of a tool or its error. The model reads it, and may try something else. */
async function use(call: ToolCall): Promise<string> {
  try {
    return `${await tools.request(call, { timeoutMs: 10_000 })}`;
  } catch (error) {
    if (!(error instanceof ShmRemoteError)) throw error;
    return `error: ${error.message}`;
  }
}

async function answer(question: string): Promise<Answer> {
  console.log(`${agent} thinks about: ${question}`);
  const conversation: Turn[] = [{ role: "user", text: question }];
  for (let toolCalls = 0; toolCalls < MAX_STEPS; toolCalls++) {
    const step = await model.next(conversation);
    if ("answer" in step) return { text: step.answer, agent, toolCalls };
    conversation.push({ role: "tool", text: await use(step.call) });
  }
  throw new Error(`no answer after ${MAX_STEPS} steps`);
}

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

using questions = new Replier<string, Answer>(QUESTIONS);
console.log(`${agent} is ready`);
await questions.serve(answer, { signal: stop.signal });
