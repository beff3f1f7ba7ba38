// The channels of the swarm, and their messages.

export type { ToolCall } from "./model.ts";

/** Questions to agents, and their replies. */
export const QUESTIONS = "example-swarm-questions";
/** Calls of tools, and their results. */
export const TOOLS = "example-swarm-tools";

/** An answer, and the work for it. */
export interface Answer {
  text: string;
  agent: string;
  toolCalls: number;
}
