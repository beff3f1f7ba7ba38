/** Flags of every run of the tests: examples in comments and pages run as well. */
export const TEST_FLAGS: readonly string[] = ["--lock", "-A", "--doc", "--permit-no-files"];
