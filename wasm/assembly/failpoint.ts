// Where a test may stop or kill a process: between two writes that other processes can see. Only the build
// for tests is compiled with FAILPOINTS, and calls its host; in the shipped build a failpoint is no code.

@external("env", "failpoint")
declare function reached(point: u32): void;

// @ts-ignore: decorator
@inline
export function failpoint(point: u32): void {
  if (isDefined(FAILPOINTS)) reached(point);
}
