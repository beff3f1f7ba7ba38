// The calls of the HTTP server, and the commands of the TCP servers of its store.

import { COMMANDS, ERRORS, REQUESTS } from "../columns.js";
import { element, setText } from "../dom.js";
import { pluralize } from "../format.js";
import { Table } from "../table.js";
import { heading, place } from "./parts.js";

export const servers = {
  id: "servers",
  title: "Servers",
  make(panel) {
    const [forRequests, forCommands, forErrors] = ["requests", "commands", "errors"].map(place);
    const commandsTitle = heading("TCP commands");
    const tcp = element("div", { id: "tcp" }, commandsTitle, forCommands);
    panel.append(
      heading("HTTP requests"),
      forRequests,
      tcp,
      heading("Errors", "the last first"),
      forErrors,
    );
    const requests = new Table(forRequests, REQUESTS);
    const commands = new Table(forCommands, COMMANDS);
    const errors = new Table(forErrors, ERRORS);
    return {
      show(now) {
        requests.show(now.requests);
        errors.show(now.errors);
        tcp.hidden = now.tcp === null;
        if (now.tcp === null) return;
        commands.show(now.tcp.commands);
        setText(commandsTitle.lastChild, pluralize(now.tcp.connections, "connection"));
      },
    };
  },
};
