// The dashboard: signs in, follows the server, and shows each snapshot.

import { Details } from "./details.js";
import { byId, setText } from "./dom.js";
import { duration } from "./format.js";
import { SECTIONS } from "./sections/sections.js";
import { follow } from "./stream.js";
import { Tabs } from "./tabs.js";

/** Gone with the tab, and never sent by itself. */
const TOKEN_KEY = "ringbus-token";
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

const page = {
  token: () => sessionStorage.getItem(TOKEN_KEY),
  details: new Details(),
  isChangeable: false,
};
const tabs = new Tabs(byId("tabs"));
const sections = SECTIONS.map((section) => ({
  id: section.id,
  ...section.make(tabs.add(section, byId("panels")), page),
}));
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
  byId("sign-out").hidden = page.token() === null;
  showState("live", "Live");
  page.isChangeable = now.isChangeable;
  setText(byId("uptime"), `up ${duration(now.uptimeSeconds)}`);
  for (const { id, show, isShown } of sections) {
    show(now);
    tabs.setShown(id, isShown?.(now) ?? true);
  }
}

function showLost(cause) {
  showState("lost", `${cause === "busy" ? "The server is busy" : "Disconnected"}, retrying`);
}

function askForToken(problem) {
  byId("dashboard").hidden = true;
  page.details.close();
  for (const { close } of sections) close?.();
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
  const token = page.token();
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
