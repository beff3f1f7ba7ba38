/** A program that sends and receives its first message, and ends. The argument is a folder. */
import { Puller, Pusher } from "../../channels.ts";

const [dir] = Deno.args;
using puller = new Puller<Uint8Array>("first", { dir, codec: "raw" });
using pusher = new Pusher<Uint8Array>("first", { dir, codec: "raw" });
pusher.send(new Uint8Array(64));
if (puller.tryRecv()?.length !== 64) throw new Error("the message did not arrive");
