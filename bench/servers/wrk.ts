/** Load from `wrk`, which is written in C: it takes as little as possible of the machine. */
import { failureOf } from "../harness/toolchain.ts";

const CONNECTIONS = 32;

/** Says what to type if `wrk` is missing. */
export async function wrkFailure(): Promise<string | undefined> {
  // It has no option that ends with success.
  const failure = await failureOf("wrk", ["-v"]);
  return failure?.includes("not installed") ? "wrk is missing: apt-get install -y wrk" : undefined;
}

/** Requests with a response per second; throws if any was rejected. */
export async function wrk(url: string, seconds: number, script?: string): Promise<number> {
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`];
  if (script !== undefined) args.push("-s", new URL(script, import.meta.url).pathname);
  const { stdout, stderr, success } = await new Deno.Command("wrk", { args: [...args, url] })
    .output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  const perSecond = Number(/Requests\/sec: +([\d.]+)/.exec(text)?.[1] ?? NaN);
  if (!success || text.includes("Non-2xx") || !(perSecond > 0)) {
    throw new Error(`wrk on ${url} failed: ${text}${decoder.decode(stderr)}`);
  }
  return perSecond;
}
