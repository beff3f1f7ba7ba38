// The dashboard: signs in, follows the server, and shows each snapshot.

import { COMMANDS, recordRates, REQUESTS, SUBSCRIBERS, TOPICS } from "./columns.js";
import { byId, setText } from "./dom.js";
import { duration, pluralize } from "./format.js";
import { QueueSection } from "./queues.js";
import { follow } from "./stream.js";
import { Table } from "./table.js";
import { makeFacts, makeTiles } from "./tiles.js";

/** Gone with the tab, and never sent by itself. */
const TOKEN_KEY = "ringbus-token";
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

const showTiles = makeTiles(byId("tiles"));
const showFacts = makeFacts(byId("facts"));
const subscribers = new Table(byId("subscribers"), SUBSCRIBERS);
const topics = new Table(byId("topics"), TOPICS);
const requests = new Table(byId("requests"), REQUESTS);
const commands = new Table(byId("commands"), COMMANDS);
const queues = new QueueSection(() => sessionStorage.getItem(TOKEN_KEY));
let following = new AbortController();

function showState(state, text) {
  const target = byId("state");
  target.dataset.state = state;
  setText(target, text);
  document.body.dataset.state = state;
}

function showSnapshot(now) {
  byId("sign-in").hidden = true;
  byId("dashboard").hidden = false;
  byId("sign-out").hidden = sessionStorage.getItem(TOKEN_KEY) === null;
  showState("live", "Live");
  setText(byId("uptime"), `up ${duration(now.uptimeSeconds)}`);
  showTiles(now);
  showFacts(now);
  recordRates(now.topics);
  topics.show(now.topics, now.totals.topics);
  subscribers.show(now.subscribers, now.totals.subscribers);
  requests.show(now.requests);
  queues.show(now.queues);
  byId("tcp").hidden = now.tcp === null;
  if (now.tcp === null) return;
  commands.show(now.tcp.commands);
  setText(byId("connections"), pluralize(now.tcp.connections, "connection"));
}

function showLost(cause) {
  showState("lost", `${cause === "busy" ? "The server is busy" : "Disconnected"}, retrying`);
}

function askForToken(problem) {
  byId("dashboard").hidden = true;
  queues.close();
  byId("sign-in").hidden = false;
  byId("sign-out").hidden = true;
  setText(byId("uptime"), "");
  showState("unauthorized", "Not signed in");
  setText(byId("sign-in-problem"), problem);
  byId("token").select();
  byId("token").focus();
}

async function begin() {
  following.abort();
  const { signal } = following = new AbortController();
  const token = sessionStorage.getItem(TOKEN_KEY);
  await follow(token, { snapshot: showSnapshot, lost: showLost }, signal);
  if (signal.aborted) return;
  sessionStorage.removeItem(TOKEN_KEY);
  askForToken(token === null ? "" : "The server does not take this token.");
}

byId("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = byId("token").value.trim();
  // Anything else cannot be sent in a header.
  if (!VISIBLE_ASCII.test(token)) {
    return askForToken("A token has letters, digits and signs of ASCII, and no spaces.");
  }
  sessionStorage.setItem(TOKEN_KEY, token);
  byId("token").value = "";
  setText(byId("sign-in-problem"), "");
  begin();
});

byId("sign-out").addEventListener("click", () => {
  sessionStorage.removeItem(TOKEN_KEY);
  begin();
});

setText(byId("host"), location.host);
document.title = `Ringbus at ${location.host}`;
begin();
