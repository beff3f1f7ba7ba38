// What an agent thinks with. A language model goes here: something that is given a conversation and
// says what to do next. This one follows a script, so that the example gives the same every time.

/** A tool, and what it is given. */
export interface ToolCall {
  tool: string;
  input: Record<string, string | number>;
}

/** One turn of a conversation. */
export interface Turn {
  role: "user" | "tool";
  text: string;
}

/** What to do next: use a tool, or answer. */
export type Step = { call: ToolCall } | { answer: string };

/** The place where a real model plugs in. */
export interface Model {
  next(conversation: readonly Turn[]): Promise<Step>;
}

/** Answers "How many boxes of 12 for ITEM?", with a tool that there is not, and then with two that are. */
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
