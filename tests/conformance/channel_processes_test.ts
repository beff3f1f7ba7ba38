import { definePatternTests } from "../support/patterns.ts";
import { amongProcesses } from "../support/stages.ts";

definePatternTests("processes", amongProcesses);
