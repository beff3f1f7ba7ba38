// Where a test may stop or kill a process: between two writes that others can see. Only the build for
// tests is compiled with FAILPOINTS and asks its host; in the one that is shipped this is nothing.

@external("env", "failpoint")
declare function reached(point: u32): void;

// @ts-ignore: decorator
@inline
export function failpoint(point: u32): void {
  if (isDefined(FAILPOINTS)) reached(point);
}
