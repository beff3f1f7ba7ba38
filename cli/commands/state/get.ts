/**
 * `ringbus state get`: the slots of a thread of a shared state.
 *
 * @module
 */

import { toJsonForm } from "../../arguments/json_form.ts";
import { numberOf } from "../../arguments/numbers.ts";
import { defineCommand, EXIT } from "../../command.ts";
import { MessagePrinter, PRINT_OPTIONS } from "../../messages/printer.ts";
import { openState, STATE_OPTIONS } from "../../server/state.ts";
import { deserializeSlot } from "../../../backends/state/slots.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "THREAD",
  description:
    `Prints the slots of a thread of a shared state as lines of JSON, the oldest first, or one of
them. Slots that serializeSlot() has not made are printed as bytes. Fails if there is none.`,
  examples: [
    ["ringbus state get thread-1 --name agents", "print all slots of a thread"],
    ["ringbus state get thread-1 --index 0 --url redis://localhost:6379", "print the first one"],
  ],
  options: {
    ...STATE_OPTIONS,
    index: { type: "string", value: "N", help: "print the slot with this index alone" },
    "max-binary": PRINT_OPTIONS["max-binary"],
  },
  arity: [1, 1],
  async run({ values, arguments: [thread], output, signal }) {
    const index = numberOf("index", values.index);
    const { maxBinaryBytes } = new MessagePrinter(output, values);
    await using state = await openState(values);
    const slots = index === undefined
      ? await state.bufferGetThread(thread)
      : [await state.bufferGetSlot(thread, index)].filter((slot) => slot !== undefined);
    for (const slot of slots) {
      output.json(toJsonForm(valueOf(slot), maxBinaryBytes));
      if (!await output.flush(signal)) return EXIT.DONE;
    }
    if (slots.length > 0) return EXIT.DONE;
    output.notice(
      `thread ${JSON.stringify(thread)} has no ${index === undefined ? "slot" : `slot ${index}`}`,
    );
    return EXIT.FAILED;
  },
});

/** What is no serialized value stays bytes. */
function valueOf(slot: Uint8Array): unknown {
  try {
    return deserializeSlot(slot);
  } catch {
    return slot;
  }
}
