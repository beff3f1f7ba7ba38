// The model of a farm of agents. A call of a language model goes here. This one counts the words of a text, takes
// its time, is overloaded now and then, and refuses a text that is empty.

/** The model cannot answer at the moment. */
export class OverloadedError extends Error {
  override name = "OverloadedError";
}

/** The model will never answer this. */
export class RefusedError extends Error {
  override name = "RefusedError";
}

/** Every so many calls the model is overloaded. */
const OVERLOADED_EVERY = 5;

/** A model in place of a real one. */
export class ScriptedModel {
  readonly #thinkMs: number;
  #calls = 0;

  constructor(thinkMs: number) {
    this.#thinkMs = thinkMs;
  }

  /** The answer to a question, unless the signal fires before. */
  async ask(question: string, signal: AbortSignal): Promise<string> {
    if (question === "") throw new RefusedError("the question is empty");
    await new Promise((resolve) => setTimeout(resolve, this.#thinkMs));
    signal.throwIfAborted();
    if (++this.#calls % OVERLOADED_EVERY === 0) throw new OverloadedError("too many requests");
    return `${question.split(" ").length} words`;
  }
}
