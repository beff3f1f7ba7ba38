/**
 * Walks a value to find what a codec cannot keep, and where it is.
 *
 * @module
 */

/** Tells why a codec refuses a value, or `undefined` if it takes it. */
export type Judge = (value: unknown) => string | undefined;

/** A refused value, and the reason. */
export interface Offender {
  /** Where it is, as an expression that starts at `$`, the message itself. */
  readonly path: string;
  /** The refused value. */
  readonly value: unknown;
  /** Why it is refused. */
  readonly reason: string;
}

interface Visit {
  readonly value: unknown;
  readonly step: string;
  readonly parent: Visit | undefined;
}

/**
 * Finds the first value, in the order of encoding, that `judge` refuses. Looks into arrays, plain
 * objects, class instances, maps and sets; cycles and shared objects are visited once, and depth
 * does not use the stack.
 *
 * @param root The message.
 * @param judge Tells why a value is refused.
 * @param entered Whether to look into an object; into all if left out.
 * @returns The offender, or `undefined` if there is none.
 */
export function findOffender(
  root: unknown,
  judge: Judge,
  entered: (value: object) => boolean = () => true,
): Offender | undefined {
  const seen = new Set<object>();
  const pending: Visit[] = [{ value: root, step: "$", parent: undefined }];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    const { value } = visit;
    const reason = judge(value);
    if (reason !== undefined) return { path: pathOf(visit), value, reason };
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (!entered(value)) continue;
    const children = childrenOf(value, visit);
    while (children.length > 0) pending.push(children.pop()!);
  }
  return undefined;
}

/**
 * Finds where an object is among its own ancestors.
 *
 * @param root The message.
 * @returns The paths of the object and of its first repetition within itself, or `undefined` if
 * the value has no cycle.
 */
export function findCycle(root: unknown): { outer: string; inner: string } | undefined {
  const done = new Set<object>();
  const open = new Map<object, Visit>();
  const pending: Visit[] = [{ value: root, step: "$", parent: undefined }];
  while (pending.length > 0) {
    const visit = pending[pending.length - 1];
    const { value } = visit;
    if (typeof value !== "object" || value === null || done.has(value)) {
      pending.pop();
      continue;
    }
    const first = open.get(value);
    if (first === visit) {
      open.delete(value);
      done.add(value);
      pending.pop();
      continue;
    }
    if (first !== undefined) return { outer: pathOf(first), inner: pathOf(visit) };
    open.set(value, visit);
    const children = childrenOf(value, visit);
    while (children.length > 0) pending.push(children.pop()!);
  }
  return undefined;
}

function childrenOf(value: object, parent: Visit): Visit[] {
  const children: Visit[] = [];
  const add = (child: unknown, step: string) => children.push({ value: child, step, parent });
  if (ArrayBuffer.isView(value)) return children;
  if (Array.isArray(value)) {
    value.forEach((item, index) => add(item, `[${index}]`));
    return children;
  }
  if (value instanceof Map) {
    let index = 0;
    for (const [key, item] of value) {
      add(key, `<key ${index}>`);
      add(item, `<value ${index++}>`);
    }
  } else if (value instanceof Set) {
    let index = 0;
    for (const item of value) add(item, `<item ${index++}>`);
  }
  for (const key of Object.keys(value)) add((value as Record<string, unknown>)[key], stepOf(key));
  return children;
}

function stepOf(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${quote(key)}]`;
}

function quote(key: string): string {
  return JSON.stringify(key.length > 32 ? `${key.slice(0, 32)}…` : key);
}

const SHOWN_ENDS = 8;

function pathOf(visit: Visit): string {
  const steps: string[] = [];
  for (let at: Visit | undefined = visit; at !== undefined; at = at.parent) steps.push(at.step);
  steps.reverse();
  if (steps.length > 2 * SHOWN_ENDS) {
    const hidden = steps.length - 2 * SHOWN_ENDS;
    steps.splice(SHOWN_ENDS, hidden, `…(${hidden} more)…`);
  }
  return steps.join("");
}
