import { defineShareTests } from "../../support/shares.ts";
import { amongWorkers } from "../../support/stages.ts";

defineShareTests("workers", amongWorkers);
