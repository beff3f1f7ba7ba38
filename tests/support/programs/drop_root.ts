/**
 * Makes this process another user's, with a umask that withholds nothing.
 *
 * @module
 */

const OTHER = 65534;

const libc = Deno.dlopen("libc.so.6", {
  setresgid: { parameters: ["u32", "u32", "u32"], result: "i32" },
  setresuid: { parameters: ["u32", "u32", "u32"], result: "i32" },
  setgroups: { parameters: ["usize", "buffer"], result: "i32" },
  umask: { parameters: ["u32"], result: "u32" },
});
const { setgroups, setresgid, setresuid, umask } = libc.symbols;
const failed = setgroups(0n, null) | setresgid(OTHER, OTHER, OTHER) |
  setresuid(OTHER, OTHER, OTHER);
if (failed !== 0) throw new Error("cannot become another user");
umask(0);
