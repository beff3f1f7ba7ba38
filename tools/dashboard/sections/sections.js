// The sections of the page, each in its own file.
//
// A section has an `id`, the `title` of its tab, and `make(panel, page)`. That fills the panel once, and
// returns what the page calls:
//
// - `show(now)` with each snapshot of the server; the first one has `now.history`;
// - `isShown(now)`, if the tab is hidden while the server has nothing for it;
// - `close()`, if something of it is open that must end when the user signs out.
//
// `page` has `token()`, which returns the token or null, and `details`, the panel with the details of one thing,
// and `isChangeable`, which is true if the server lets the page change things.
// Sections ask the server by `ask` and `change` of calls.js, and before a change by `confirmed` of confirm.js.

import { channels } from "./channels.js";
import { clients } from "./clients.js";
import { keys } from "./keys.js";
import { overview } from "./overview.js";
import { queues } from "./queues.js";
import { servers } from "./servers.js";
import { state } from "./state.js";
import { topics } from "./topics.js";

/** The sections, in the order of their tabs. */
export const SECTIONS = [overview, channels, topics, keys, queues, state, clients, servers];
