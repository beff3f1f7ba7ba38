/**
 * All ways in which the actors of a model can run, step by step, with a death at any step.
 *
 * @module
 */

/** An actor. Its own state is in further properties. */
export interface Actor {
  /** The next point of its program. `"end"` is the last one. */
  at: string;
  isDead: boolean;
}

/** The complete state at one moment. Plain data: states are compared as JSON. */
export interface State<W, A extends Actor> {
  /** The shared state. */
  words: W;
  actors: A[];
}

/** One step of an actor: at most one write that others can see. */
export interface Move<W, A extends Actor> {
  /** The failpoint after it. Without one, no actor can be stopped there. */
  point?: string | undefined;
  /** The next point of the program. */
  then: string;
  /** True if it neither reads nor changes shared state, so that its order with other steps has no effect. */
  isOwn?: boolean | undefined;
  act?(words: W, me: A): void;
}

/** The possible steps of an actor at its point. */
export type Program<W, A extends Actor> = {
  [at: string]: (words: Readonly<W>, me: Readonly<A>, isDead: (actor: number) => boolean) => Move<
    W,
    A
  >[];
};

/** A protocol as a model. */
export interface Model<W, A extends Actor> {
  initial: State<W, A>;
  /** The program of each actor. */
  programs: Program<W, A>[];
  /** The point of an actor between two calls. */
  idle: string[];
  /** Actors that may die, one of them at most in a run. */
  killable: number[];
  /** Throws for an invalid state. */
  check(state: State<W, A>): void;
  /** Throws for an invalid final state. */
  checkEnd(state: State<W, A>): void;
  /** Removes what only the checks read: the history of a run that is observed grows without need. */
  forget?(state: State<W, A>): void;
}

/** An invalid state, with the steps that lead to it. */
export class ModelViolation extends Error {
  override name = "ModelViolation";
}

/** A step that was taken. */
interface Step {
  label: string;
  before: Step | undefined;
}

/**
 * Visits every reachable state. Returns their number.
 *
 * @throws {ModelViolation} with the shortest way to an invalid state
 */
export function explore<W, A extends Actor>(model: Model<W, A>): number {
  const seen = new Set([JSON.stringify(model.initial)]);
  let frontier: [state: State<W, A>, way: Step | undefined][] = [[model.initial, undefined]];
  while (frontier.length > 0) {
    const next: typeof frontier = [];
    for (const [state, way] of frontier) {
      const successors = successorsOf(model, state, way);
      if (successors.length === 0) checkStep(way, () => model.checkEnd(state));
      for (const [successor, step] of successors) {
        const key = JSON.stringify(successor);
        if (seen.has(key)) continue;
        seen.add(key);
        checkStep(step, () => model.check(successor));
        next.push([successor, step]);
      }
    }
    frontier = next;
  }
  return seen.size;
}

function successorsOf<W, A extends Actor>(
  model: Model<W, A>,
  state: State<W, A>,
  before: Step | undefined,
): [State<W, A>, Step][] {
  const successors: [State<W, A>, Step][] = [];
  const mayDie = state.actors.every(({ isDead }) => !isDead);
  for (const [index, actor] of state.actors.entries()) {
    let moves: Move<W, A>[] = [];
    const stepTo = (what: string) => ({ label: `${index}: ${actor.at} -> ${what}`, before });
    checkStep(stepTo("?"), () => moves = movesOf(model, state, index));
    const own = moves.length === 1 && moves[0].isOwn === true;
    if (own) successors.length = 0;
    for (const move of moves) {
      successors.push([apply(state, index, move), stepTo(move.point ?? move.then)]);
    }
    if (own) return successors;
  }
  if (successors.length === 0) return [];
  for (const index of mayDie ? model.killable : []) {
    if (state.actors[index].at === "end") continue;
    const after = copyOf(state);
    after.actors[index].isDead = true;
    successors.push([after, { label: `${index}: dies at ${after.actors[index].at}`, before }]);
  }
  return successors;
}

/** A copy of plain data. It is most of the work: `structuredClone` and JSON take several times as long. */
function copyOf<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy = {} as T;
  for (const key in value) copy[key] = copyOf(value[key]);
  return copy;
}

function movesOf<W, A extends Actor>(
  { programs }: Model<W, A>,
  { words, actors }: State<W, A>,
  index: number,
): Move<W, A>[] {
  const me = actors[index];
  if (me.isDead || me.at === "end") return [];
  return programs[index][me.at](words, me, (actor) => actors[actor].isDead);
}

function apply<W, A extends Actor>(
  state: State<W, A>,
  index: number,
  move: Move<W, A>,
): State<W, A> {
  const after = copyOf(state);
  const me = after.actors[index];
  move.act?.(after.words, me);
  me.at = move.then;
  return after;
}

function checkStep(step: Step | undefined, check: () => void): void {
  try {
    check();
  } catch (cause) {
    const labels: string[] = [];
    for (let taken = step; taken; taken = taken.before) labels.unshift(taken.label);
    throw new ModelViolation(`${(cause as Error).message}, after\n${labels.join("\n")}`, { cause });
  }
}

/** An observation at a failpoint of the real ring. */
export interface Event {
  actor: number;
  /** `DEATH` if it died, `REST` if its call has ended. */
  point: string;
  /** The shared words, as `project` returns them for a model. */
  words: unknown;
}

/** Instead of a failpoint: the actor died. */
export const DEATH = "death";
/** Instead of a failpoint: the actor's call has ended. */
export const IDLE = "rest";

/**
 * Checks that observations are a run of a model. Steps without a failpoint may be in between.
 *
 * @throws {ModelViolation} with the first event that the model does not allow
 */
export function checkRun<W, A extends Actor>(
  model: Model<W, A>,
  events: readonly Event[],
  project: (words: W) => unknown,
): void {
  let possible = [copyOf(model.initial)];
  for (const [at, { actor, point, words }] of events.entries()) {
    if (point === DEATH) {
      for (const state of possible) state.actors[actor].isDead = true;
      continue;
    }
    if (point === IDLE) {
      possible = silentlyReached(model, possible, actor)
        .filter((state) => model.idle.includes(state.actors[actor].at));
      if (possible.length > 0) continue;
      throw new ModelViolation(`event ${at}: actor ${actor} has ended, and the model has not`);
    }
    const expected = JSON.stringify(words);
    const seen: string[] = [];
    const next = new Map<string, State<W, A>>();
    for (const state of silentlyReached(model, possible, actor)) {
      for (const move of movesOf(model, state, actor)) {
        if (move.point !== point) continue;
        const after = apply(state, actor, move);
        model.forget?.(after);
        const projected = JSON.stringify(project(after.words));
        if (projected === expected) next.set(JSON.stringify(after), after);
        else seen.push(projected);
      }
    }
    if (next.size === 0) {
      const instead = seen.length > 0 ? `with ${seen.join(" or ")}` : "nowhere";
      throw new ModelViolation(
        `event ${at}: actor ${actor} was at ${point} with ${expected}, and the model is ${instead}`,
      );
    }
    possible = [...next.values()];
  }
}

/** States that one actor can reach without a failpoint. */
function silentlyReached<W, A extends Actor>(
  model: Model<W, A>,
  from: readonly State<W, A>[],
  actor: number,
): State<W, A>[] {
  const seen = new Map(from.map((state) => [JSON.stringify(state), state]));
  for (const state of seen.values()) {
    for (const move of movesOf(model, state, actor)) {
      if (move.point !== undefined) continue;
      const after = apply(state, actor, move);
      seen.set(JSON.stringify(after), after);
    }
  }
  return [...seen.values()];
}
