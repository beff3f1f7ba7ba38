/** The style sheet of a page: fonts of the system, light and dark. */
import { Html } from "./html.ts";

/** The colours of peers differ for any kind of colour vision. */
export const STYLE = new Html(`
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f6f8fa; --ink: #1f2328; --quiet: #59636e; --faint: #b4bcc6;
  --ours: #0b57d0; --ours-ground: #e8f0fe; --reference: #4d5560; --peer: #a3adb8;
  --peer-0: #4d5560; --peer-1: #b35900; --peer-2: #a2308f; --peer-3: #00796b; --peer-4: #c62828; --peer-5: #7a6a00;
  --warning: #fff4d6; --warning-edge: #d29a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --panel: #161b22; --ink: #e6edf3; --quiet: #9aa4af; --faint: #4a535e;
    --ours: #6cabff; --ours-ground: #12263f; --reference: #aab4bf; --peer: #5c6773;
    --peer-0: #aab4bf; --peer-1: #f0a35e; --peer-2: #e08ad3; --peer-3: #4fc3b3; --peer-4: #ff8a80; --peer-5: #d6c34a;
    --warning: #33290a; --warning-edge: #d29a00;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 0 0 .25rem; }
header p, section > p { margin: 0 0 1rem; color: var(--quiet); max-width: 46rem; }
section { margin-top: 2.5rem; padding-top: 1.5rem; border-top: 1px solid var(--faint); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .5rem 1.5rem; margin: 1rem 0 0;
  padding: 1rem; background: var(--panel); border-radius: .5rem; }
dt { color: var(--quiet); font-size: .8rem; }
dd { margin: 0; overflow-wrap: anywhere; }
p.warning { margin: 1rem 0 0; padding: .75rem 1rem; color: var(--ink); background: var(--warning);
  border-left: 4px solid var(--warning-edge); max-width: none; }
figure { margin: 0; }
.picture { background: var(--panel); border-radius: .5rem; padding: 1rem; overflow-x: auto; }
.picture svg { display: block; margin: 0 auto; max-width: 100%; min-width: 36rem; height: auto; }
.scroll { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--faint); text-align: right; vertical-align: top; }
th { font-weight: normal; }
thead th { color: var(--quiet); vertical-align: bottom; }
th:first-child, .words th, .words td, .absent td { text-align: left; }
tr.ours { background: var(--ours-ground); font-weight: 600; }
tr.ours th { font-weight: 600; }
tr.absent { color: var(--quiet); }
.swatch { display: inline-block; width: .7rem; height: .7rem; margin-right: .5rem; border-radius: .15rem; }
small { color: var(--quiet); font-weight: normal; }
@media print { .picture, dl { background: none; } section { break-inside: avoid; } }
`);
