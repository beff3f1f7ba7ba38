import { definePatternTests } from "../support/patterns.ts";
import { amongWorkers } from "../support/stages.ts";

definePatternTests("workers", amongWorkers);
