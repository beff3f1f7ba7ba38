/**
 * An async iterable that ends at once when its consumer stops, also while it waits.
 *
 * @module
 */

/** An async iterable of events: `for await` over it, or call `next()`, and `return()` at the end. */
export interface EventStream<E> extends AsyncIterableIterator<E, void, void>, AsyncDisposable {
  /** Ends the iteration, also one that waits, and closes what it has open. */
  return(): Promise<IteratorReturnResult<void>>;
  /** The iterable itself. */
  [Symbol.asyncIterator](): EventStream<E>;
}

/** Makes a stream of a generator, whose signal aborts when the consumer stops or one of the signals aborts. */
export function eventStream<E>(
  generate: (signal: AbortSignal) => AsyncGenerator<E, void, void>,
  ...signals: readonly (AbortSignal | undefined)[]
): EventStream<E> {
  const stop = new AbortController();
  const given = signals.filter((signal) => signal !== undefined);
  const generator = generate(AbortSignal.any([stop.signal, ...given]));
  const end = async (): Promise<IteratorReturnResult<void>> => {
    stop.abort();
    await generator.return();
    return { done: true, value: undefined };
  };
  return {
    next: () => generator.next(),
    return: end,
    async [Symbol.asyncDispose]() {
      await end();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
