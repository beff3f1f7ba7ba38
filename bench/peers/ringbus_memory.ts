/**
 * One side of a channel with default options, whose memory the harness reads after each round.
 * Arguments: ROLE FOLDER MODE MESSAGES ROUNDS. It imports nothing that a bare process would not
 * have, but what is measured.
 */
import { Puller, Pusher } from "../../channels.ts";

const MESSAGE_BYTES = 64;

const [role, dir, mode, messages, rounds] = Deno.args;
const options = mode === "bytes" ? { dir, codec: "raw" as const } : { dir };

function report(event: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ event }) + "\n"));
}

/** False when the harness has gone. */
function waitForGo(): boolean {
  return Deno.stdin.readSync(new Uint8Array(16)) !== null;
}

function openSender(): () => void {
  const pusher = new Pusher(mode, options);
  const bytes = new Uint8Array(MESSAGE_BYTES);
  return () => {
    const message = mode === "bytes" ? bytes : { cmd: "move", pos: [1, 2, 3] };
    if (!pusher.send(message)) pusher.sendSync(message);
  };
}

function openReceiver(): () => void {
  const puller = new Puller(mode, options);
  const target = new Uint8Array(MESSAGE_BYTES);
  return mode === "bytes" ? () => puller.recvIntoSync(target) : () => puller.recvSync();
}

report("loaded");
if (!waitForGo()) Deno.exit(1);
const step = role === "send" ? openSender() : openReceiver();
report("ready");
for (let round = 1; round <= Number(rounds); round++) {
  if (role === "send" && !waitForGo()) Deno.exit(1);
  for (let i = 0; i < Number(messages); i++) step();
  report(`round ${round}`);
}
waitForGo();
