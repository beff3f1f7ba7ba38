// Lease tables that several pullers share.

import assert from "node:assert/strict";
import { Attachment } from "../../../lib/channel/attachment.ts";
import { LeaseTable } from "../../../lib/channel/lease_table.ts";
import {
  FIRST_LEASE_TABLE_SLOTS,
  LEASE_TABLE_GROWTH,
  MAX_LEASE_TABLES,
} from "../../../wasm/layout.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";

/** Messages for which all tables but the last one are needed. */
const MANY = FIRST_LEASE_TABLE_SLOTS * (1 + LEASE_TABLE_GROWTH + LEASE_TABLE_GROWTH ** 2) + 1;

Deno.test("a puller uses the lease tables that another one has added before it adds its own", () => {
  using directory = new TestDirectory();
  const open = () => new Attachment("work", "queue", "puller", { dir: directory.path });
  const [one, other] = [open(), open()];
  try {
    const leases = new LeaseTable(one);
    for (let n = 0; n < MANY; n++) leases.giveBack(Uint8Array.of(1), 0, n);
    new LeaseTable(other).giveBack(Uint8Array.of(2), 0, MANY);
    assert.equal(one.ring.missingLeaseTable(), MAX_LEASE_TABLES - 1);
  } finally {
    one.close();
    other.close();
    // The queue still has its messages.
    Deno.removeSync(directory.file("work"));
  }
});
