// Sends and receives a message, in a process whose timers fail. The argument is a folder.

for (const start of ["setTimeout", "setInterval", "setImmediate"]) forbid(start);
for (const stop of ["clearTimeout", "clearInterval", "clearImmediate"]) forbid(stop);

function forbid(name: string): void {
  const value = () => {
    throw new Error(`${name} was called: the first timer of a process takes it 4 MiB and 5 ms`);
  };
  Object.defineProperty(globalThis, name, { value });
}

const { Puller, Pusher } = await import("../../../mod.ts");
const options = { dir: Deno.args[0], codec: "raw" as const };
{
  using puller = new Puller<Uint8Array>("first", options);
  using pusher = new Pusher<Uint8Array>("first", options);
  pusher.send(new Uint8Array(64));
  console.log(`received ${puller.recvSync().length} bytes`);
}
