/**
 * An instrumentation whose errors are no errors of the calls that it observes: most of them come when the
 * message is sent, stored or received already.
 *
 * @module
 */

import { afterCommit, reportFailure } from "./after_commit.ts";
import type { ContextHeaders } from "./context_headers.ts";
import type {
  Instrumentation,
  MessageOperation,
  MessageOrigin,
  OngoingOperation,
  OperationResult,
} from "./instrumentation.ts";

/** Passes everything on to the program's instrumentation. What that throws is logged and counted. */
export class GuardedInstrumentation implements Instrumentation {
  readonly #inner: Instrumentation;

  /** Guards an instrumentation of the program. */
  constructor(inner: Instrumentation) {
    this.#inner = inner;
  }

  begin(operation: MessageOperation): OngoingOperation {
    const ongoing = valueOr(undefined, "begin()", () => this.#inner.begin(operation));
    return ongoing === undefined ? UNOBSERVED : new GuardedOperation(ongoing);
  }

  received(value: object, origin: MessageOrigin): void {
    report("received()", () => this.#inner.received(value, origin));
  }

  callHeaders(protocol: "http" | "line"): ContextHeaders | undefined {
    return valueOr(undefined, "callHeaders()", () => this.#inner.callHeaders(protocol));
  }
}

/** An operation whose begin has failed. */
const UNOBSERVED: OngoingOperation = {
  headers: undefined,
  run: (call) => call(),
  end() {},
  fail() {},
};

/** Passes everything on to an operation of an instrumentation, which may throw. */
export class GuardedOperation implements OngoingOperation {
  readonly #inner: OngoingOperation;

  /** Guards an operation. */
  constructor(inner: OngoingOperation) {
    this.#inner = inner;
  }

  get headers(): ContextHeaders | undefined {
    return valueOr(undefined, "headers", () => this.#inner.headers);
  }

  /** Makes the call once, whatever the instrumentation does with it. */
  run<R>(call: () => R): R {
    let outcome: { value: R } | { error: unknown } | undefined;
    const observed = () => {
      outcome ??= outcomeOf(call);
      return resultOf(outcome);
    };
    try {
      this.#inner.run(observed);
    } catch (error) {
      if (outcome === undefined || !("error" in outcome)) {
        reportFailure("instrumentation", nameOf("run()"), error);
      }
    }
    return resultOf(outcome ?? outcomeOf(call));
  }

  end(result?: OperationResult): void {
    report("end()", () => this.#inner.end(result));
  }

  fail(error: unknown): void {
    report("fail()", () => this.#inner.fail(error));
  }
}

function outcomeOf<R>(call: () => R): { value: R } | { error: unknown } {
  try {
    return { value: call() };
  } catch (error) {
    return { error };
  }
}

function resultOf<R>(outcome: { value: R } | { error: unknown }): R {
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

function report(method: string, call: () => void): void {
  afterCommit("instrumentation", nameOf(method), call);
}

function valueOr<T>(otherwise: T, method: string, call: () => T): T {
  const outcome = outcomeOf(call);
  if (!("error" in outcome)) return outcome.value;
  reportFailure("instrumentation", nameOf(method), outcome.error);
  return otherwise;
}

function nameOf(method: string): string {
  return `the instrumentation's ${method}`;
}
