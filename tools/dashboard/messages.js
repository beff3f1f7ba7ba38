// The viewer of messages: of a channel of the machine, or of a topic. It takes nothing away.

import { confirmed } from "./confirm.js";
import { change } from "./calls.js";
import { element, setText } from "./dom.js";
import * as format from "./format.js";
import { eventsIn } from "./stream.js";

/** Messages in the list: older ones go. */
const MAX_SHOWN = 200;
const ENDS = { closed: "The channel was closed.", deleted: "The channel was deleted." };

/**
 * Opens the viewer in the panel of details.
 *
 * @param path the stream of the messages
 * @param action a change that the viewer offers, if the server allows changes
 */
export function openMessages(page, { title, path, action }) {
  const viewer = new Viewer();
  const reading = new AbortController();
  if (action !== undefined && page.isChangeable) viewer.offer(changeButton(page, action, viewer));
  page.details.open({ title, content: viewer.element, onClose: () => reading.abort() });
  return read(viewer, path, page.token(), reading.signal);
}

/** A button that makes a change after a question. `action` has its `verb`, `question`, `path` and `members`. */
export function changeButton(page, { verb, question, path, members, onDone }, { say }) {
  const button = element("button", { type: "button", textContent: verb });
  button.addEventListener("click", async () => {
    if (!await confirmed(question, verb)) return;
    try {
      const { changed } = await change(path, members, page.token());
      say(`${verb}: ${changed === 0 ? "there was nothing to change" : `done, ${changed}`}`);
      onDone?.();
    } catch (error) {
      say(error.message);
    }
  });
  return button;
}

async function read(viewer, path, token, signal) {
  try {
    const response = await fetch(path, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      cache: "no-store",
      signal,
    });
    if (!response.ok) return viewer.say((await response.json()).error);
    for await (const batch of eventsIn(response.body)) viewer.add(batch);
    viewer.end();
  } catch (error) {
    if (!signal.aborted) viewer.say(`The stream ended: ${error.message}. Open it again.`);
  }
}

/** A list of messages, the newest first. */
class Viewer {
  #list = element("ol", { id: "messages" });
  #said = element("p", { id: "messages-said", className: "quiet", role: "status" });
  #pause = element("button", { type: "button", id: "messages-pause", textContent: "Pause" });
  #filter = element("input", { id: "messages-filter", autocomplete: "off", spellcheck: false });
  #counts = element("span", { id: "messages-counts", className: "quiet" });
  #actions;
  #isPaused = false;
  #shown = 0;
  #skipped = 0;
  #isEnded = false;

  constructor() {
    const label = element("label", { htmlFor: "messages-filter", textContent: "Filter" });
    this.#actions = element("div", { className: "actions" }, this.#pause, label, this.#filter);
    this.element = element(
      "div",
      {},
      this.#actions,
      element("p", {}, this.#counts),
      this.#said,
      this.#list,
    );
    this.#pause.addEventListener("click", () => this.#togglePause());
    this.#filter.addEventListener("input", () => this.#filterAll());
    this.say = this.say.bind(this);
    this.#showCounts();
  }

  /** Adds the button of a change. */
  offer(button) {
    this.#pause.after(button);
  }

  /** Says what has happened: a text that may be of somebody else. */
  say(text) {
    setText(this.#said, format.visible(text));
  }

  add({ messages, skipped, problems, end }) {
    this.#skipped += skipped;
    if (problems.length > 0) this.say(problems.join("; "));
    if (end !== null) {
      this.#isEnded = true;
      this.say(ENDS[end]);
    }
    if (this.#isPaused) this.#skipped += messages.length;
    else {
      for (const message of messages) this.#list.prepend(this.#itemOf(message));
      while (this.#list.children.length > MAX_SHOWN) this.#list.lastElementChild.remove();
      this.#shown += messages.length;
    }
    this.#showCounts();
  }

  /** The stream has ended. */
  end() {
    if (!this.#isEnded) this.say("The server ended the stream. Open it again.");
  }

  #togglePause() {
    this.#isPaused = !this.#isPaused;
    setText(this.#pause, this.#isPaused ? "Resume" : "Pause");
    this.#showCounts();
  }

  #showCounts() {
    const skipped = this.#skipped === 0 ? "" : `, ${format.count(this.#skipped)} not shown`;
    const state = this.#isPaused ? "Paused: " : "";
    setText(this.#counts, `${state}${format.pluralize(this.#shown, "message")}${skipped}`);
  }

  #itemOf({ atMs, topic, sender, number, sizeBytes, form, text, problem }) {
    const facts = [
      atMs === null ? "before" : timeOf(atMs),
      topic,
      sender,
      number,
      format.bytes(sizeBytes),
      form === "value" ? "" : form,
      problem,
    ].filter((fact) => fact !== "").map(format.visible);
    const item = element(
      "li",
      {},
      element(
        "p",
        { className: "quiet" },
        ...facts.map((textContent) => element("span", { textContent })),
      ),
      element("pre", { textContent: visibleLines(text) }),
    );
    this.#filterOne(item);
    return item;
  }

  #filterAll() {
    for (const item of this.#list.children) this.#filterOne(item);
  }

  #filterOne(item) {
    item.hidden = !item.textContent.toLowerCase().includes(this.#filter.value.toLowerCase());
  }
}

/** A text with its lines, and all else that is not seen as escapes. */
function visibleLines(text) {
  return text.split("\n").map(format.visible).join("\n");
}

function timeOf(ms) {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString().slice(11, 23);
}
