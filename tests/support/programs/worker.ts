/**
 * A worker that executes commands from messages, and replies with messages.
 *
 * @module
 */

import { type Command, perform } from "./actions.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Command>) => void;
  postMessage(message: unknown): void;
};

let before: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  before = before.then(() => execute(data));
};

async function execute(command: Command): Promise<void> {
  try {
    scope.postMessage({
      value: await perform(command, (event) => scope.postMessage({ event })) ?? null,
    });
  } catch (error) {
    const { name, message } = error as Error;
    scope.postMessage({ error: name, message });
  }
}
