// The boss of a farm: it asks questions, and waits for the answers. Kill it and start it again: each question is
// stored once, and an answer that is there already comes at once.
//   deno run --allow-net --allow-env examples/farm_on_redis/boss.ts

import { QueueJobError } from "@ringbus/ringbus";
import { RedisMessageQueue } from "@ringbus/ringbus/redis";

/** What an agent returns. */
interface Answer {
  answer: string;
  agent: string;
  attempts: number;
}

const HOUR = 3600;
const questions = Array.from({ length: 20 }, (_, i) => `what is${" very".repeat(i)} good`);

await using queue = new RedisMessageQueue({ redisUrl: Deno.env.get("REDIS_URL") });
await queue.initialize();

async function ask(question: string): Promise<Answer | undefined> {
  try {
    return await queue.publishAndWait<Answer>({
      channel: "questions",
      payload: { question },
      sourceAgent: "boss",
      targetAgent: "models",
      maxAttempts: 20,
      // The same question of a boss that was started again is this one.
      deduplicationId: `question: ${question}`,
      deduplicationSeconds: HOUR,
      resultSeconds: HOUR,
    }, { timeoutMs: HOUR * 1000 });
  } catch (error) {
    if (!(error instanceof QueueJobError)) throw error;
    console.log(error.message);
    return undefined;
  }
}

console.log(`asks ${questions.length} questions`);
const answers = await Promise.all([...questions, ""].map(ask));
for (const [i, question] of questions.entries()) {
  const expected = `${question.split(" ").length} words`;
  if (answers[i]?.answer !== expected) throw new Error(`${question}: ${answers[i]?.answer}`);
}
const agents = new Set(answers.flatMap((each) => each === undefined ? [] : [each.agent]));
console.log(`all answers are right, from ${[...agents].sort().join(", ")}`);
