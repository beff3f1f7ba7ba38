/**
 * The commands of RESP without connections: each call is executed before it returns, and time passes only
 * when a test advances the clock.
 *
 * @module
 */

import { COMMANDS } from "../../backends/resp/commands/mod.ts";
import { Client } from "../../backends/resp/engine/client.ts";
import { CommandTable } from "../../backends/resp/engine/command_table.ts";
import { Dispatcher } from "../../backends/resp/engine/dispatcher.ts";
import { Service } from "../../backends/resp/engine/service.ts";
import { NoReply, type Reply } from "../../backends/resp/protocol/reply.ts";
import { DEFAULT_VERSION } from "../../backends/resp/server/front.ts";
import { Store } from "../../backends/store/store.ts";
import { SteppableClock } from "../../testing/steppable_clock.ts";

/** A client that keeps its replies. */
export interface EngineClient {
  /** Executes a command; returns its reply, or undefined if it waits. */
  call(...words: (string | number)[]): Reply | undefined;
  /** The same for more words than a function can have arguments. */
  callAll(words: readonly string[]): Reply | undefined;
  /** Removes and returns the replies that came since the last call of this or of `call`. */
  taken(): Reply[];
}

/** What a test works with. */
export interface Engine extends EngineClient {
  readonly clock: SteppableClock;
  readonly store: Store;
  /** Names of the changes that were made, each with its key. */
  readonly events: string[];
  connect(): EngineClient;
}

/** A service of its own. It itself is the first client. */
export function respEngine(
  { version = DEFAULT_VERSION, maxBytes }: { version?: string; maxBytes?: number } = {},
): Engine {
  const clock = new SteppableClock();
  const store = new Store({ clock, ...(maxBytes === undefined ? {} : { maxBytes }) });
  const table = new CommandTable(COMMANDS, version);
  const service = new Service({ store, isPassword: undefined, version, commands: table.commands });
  const dispatcher = new Dispatcher(service, table);
  service.start();
  const events: string[] = [];
  store.keyObservers.add({
    changed: (_keys, key, event) => void events.push(`${event} ${key}`),
  });
  const connect = () => engineClient(service, dispatcher);
  return { clock, store, events, connect, ...connect() };
}

function engineClient(service: Service, dispatcher: Dispatcher): EngineClient {
  const replies: Reply[] = [];
  const ignore = () => {};
  const output = {
    address: "",
    localAddress: "",
    pendingBytes: 0,
    unreadBytes: 0,
    send: (reply: Reply) => void (reply instanceof NoReply || replies.push(reply)),
    allowLongRequests: ignore,
    resume: ignore,
    push: ignore,
    sendHalf: ignore,
    end: ignore,
    close: ignore,
  };
  const client = new Client(service, output, service.store.keys, dispatcher.execute);
  const taken = () => replies.splice(0);
  const callAll = (words: readonly string[]) => {
    taken();
    dispatcher.dispatch(client, words);
    return replies[0];
  };
  const call = (...words: (string | number)[]) => callAll(words.map(String));
  return { call, callAll, taken };
}
