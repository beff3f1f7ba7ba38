// The channels of the swarm, and what passes over them.

export type { ToolCall } from "./model.ts";

/** Questions to agents, and their answers. */
export const QUESTIONS = "example-swarm-questions";
/** Calls of tools, and their results. */
export const TOOLS = "example-swarm-tools";

/** An answer, and what it took. */
export interface Answer {
  text: string;
  agent: string;
  toolCalls: number;
}
