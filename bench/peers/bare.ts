/** Deno with nothing in it, to compare memory with. */
Deno.stdout.writeSync(new TextEncoder().encode(`{"event":"ready"}\n`));
setInterval(() => {}, 60_000);
