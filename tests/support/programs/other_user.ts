/**
 * As peer.ts, run by another user. It is started by root, and loads first what root alone may read.
 *
 * @module
 */

import "../../../mod.ts";
import "./drop_root.ts";
import "./peer.ts";
