/** The name of the worker that takes part in a measurement. */
export const BENCH_WORKER = "ringbus bench";
