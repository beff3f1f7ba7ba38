/**
 * What the runtime takes for the requests of an HTTP server: it reads them, and replies with what it has made
 * before. A store ends the poll that waits. Prints its port.
 */

const headers = { "content-type": "application/json" };
const STORED = '{"status":"success"}';
const VALUE = '{"key":"k","value":"some value"}';
const MESSAGES = '{"messages":[{"id":9737962806006804483,"payload":{"n":1},"topics":"push"}]}';

let waiting: PromiseWithResolvers<void> | undefined;

async function handle(request: Request): Promise<Response> {
  if (request.method === "POST") {
    await request.text();
    waiting?.resolve();
    return new Response(STORED, { headers });
  }
  if (!request.url.includes("/poll")) return new Response(VALUE, { headers });
  waiting = Promise.withResolvers();
  await waiting.promise;
  return new Response(MESSAGES, { headers });
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`port ${port}`),
}, handle);
