// The boss of a farm without a server: it asks questions, waits for the answers, and shows what the agents do
// meanwhile. Kill it and start it again: each question is stored once.
//   deno run --allow-ffi examples/farm_without_server/boss.ts

import { QueueJobError, ShmMessageQueue } from "@ringbus/ringbus";

const HOUR = 3600;
const questions = Array.from({ length: 20 }, (_, i) => `what is${" very".repeat(i)} good`);

await using queue = new ShmMessageQueue({ name: "farm" });
await queue.initialize();

async function ask(question: string): Promise<string | undefined> {
  try {
    const { answer } = await queue.publishAndWait<{ answer: string }>({
      channel: "questions",
      payload: { question },
      sourceAgent: "boss",
      targetAgent: "models",
      maxAttempts: 20,
      deduplicationId: `question: ${question}`,
      deduplicationSeconds: HOUR,
      resultSeconds: HOUR,
    }, { timeoutMs: HOUR * 1000 });
    return answer;
  } catch (error) {
    if (!(error instanceof QueueJobError)) throw error;
    console.log(error.message);
    return undefined;
  }
}

const agents = new Set<string>();
const events = queue.events({ channel: "questions" });
await events.ready;
const watching = (async () => {
  for await (const { type, value, lost } of events) {
    // An agent that was too slow has lost its lease, and its progress has no value.
    if (type === "progress" && !lost) agents.add((value as { agent: string }).agent);
  }
})();

console.log(`asks ${questions.length} questions`);
const answers = await Promise.all([...questions, ""].map(ask));
await events.return!();
await watching;
for (const [i, question] of questions.entries()) {
  const expected = `${question.split(" ").length} words`;
  if (answers[i] !== expected) throw new Error(`${question}: ${answers[i]}`);
}
console.log(`all answers are right; at work were ${[...agents].sort().join(", ")}`);
