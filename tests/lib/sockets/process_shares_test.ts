import { defineShareTests } from "../../support/shares.ts";
import { amongProcesses } from "../../support/stages.ts";

defineShareTests("processes", amongProcesses);
