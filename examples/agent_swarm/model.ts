// The model of an agent. A language model goes here: a function that gets a conversation and returns the
// next step. This one follows a script, so that the example always has the same output.

/** A tool, and its arguments. */
export interface ToolCall {
  tool: string;
  input: Record<string, string | number>;
}

/** One turn of a conversation. */
export interface Turn {
  role: "user" | "tool";
  text: string;
}

/** The next step: use a tool, or answer. */
export type Step = { call: ToolCall } | { answer: string };

/** The interface for a real model. */
export interface Model {
  next(conversation: readonly Turn[]): Promise<Step>;
}

/** Answers "How many boxes of 12 for ITEM?": with a tool that does not exist, then with two that do. */
export class ScriptedModel implements Model {
  readonly #thinkMs: number;

  constructor(thinkMs: number) {
    this.#thinkMs = thinkMs;
  }

  async next([question, ...results]: readonly Turn[]): Promise<Step> {
    await new Promise((resolve) => setTimeout(resolve, this.#thinkMs));
    const [, size, item] = /boxes of (\d+) for (\w+)/.exec(question.text)!;
    const answered = results.filter(({ text }) => !text.startsWith("error:")).map(({ text }) =>
      text
    );
    if (results.length === 0) return { call: { tool: "warehouse", input: { item } } };
    if (answered.length === 0) return { call: { tool: "stock", input: { item } } };
    if (answered.length === 1) {
      return { call: { tool: "divide", input: { a: Number(answered[0]), b: Number(size) } } };
    }
    return { answer: `${answered[1]} boxes of ${size} hold ${answered[0]} ${item}` };
  }
}
