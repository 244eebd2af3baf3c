import { type HtmlText, html } from './html-text.js';

/** The page's one style sheet; a test holds `styleHash` to it. Prints on paper as it stands. */
export const reportStyle: HtmlText = html`
:root { --ink: #1d2330; --soft: #5b6475; --line: #dfe3ea; --ok: #2f7d4f; --warning: #b26a00; --critical: #b3261e; --bar: #3d6fb4; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 2rem 1.5rem 3rem; color: var(--ink); background: #fff; font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 2px solid var(--line); }
p { margin: .4rem 0 .8rem; color: var(--soft); }
header span { display: block; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--soft); white-space: nowrap; overflow-wrap: normal; }
.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: .85em ui-monospace, "DejaVu Sans Mono", monospace; background: #f2f4f8; padding: .1em .3em; border-radius: 3px; }
.whole { white-space: nowrap; }
.verdict { display: inline-block; font-weight: 600; white-space: nowrap; }
.verdict.ok { color: var(--ok); }
.verdict.warning { color: var(--warning); }
.verdict.critical { color: var(--critical); }
.verdict.muted { color: var(--soft); font-weight: 400; }
.halves { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); gap: .6rem 2.2rem; margin: .6rem 0 1rem; align-items: start; }
figure { margin: 0; }
figcaption { font-weight: 600; margin-bottom: .2rem; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--soft); }
.end { text-anchor: end; }
.mid { text-anchor: middle; }
.grid { stroke: var(--line); stroke-width: 1; }
rect.muted { fill: var(--bar); }
rect.ok { fill: var(--ok); }
rect.warning { fill: var(--warning); }
rect.critical { fill: var(--critical); }
.key { font-weight: 400; color: var(--soft); margin-left: .8rem; white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .35em; border-radius: 2px; background: var(--bar); }
.key.ok::before { background: var(--ok); }
.key.warning::before { background: var(--warning); }
.key.critical::before { background: var(--critical); }
@media print { body { max-width: none; padding: 0; } section, figure { break-inside: avoid; } }
`;

/** SHA-256 of the style sheet, for the page's policy: no other style is obeyed. */
export const styleHash: HtmlText = html`sha256-l2CbMDOgRAK24mYGeK9iznzZsUrwyIfbfNvX4tjERjc=`;
