// Puts the chunks that are wanted together into one file. Finding, reading and compiling a file of its own costs Node some
// 0.3 ms a chunk, and splitting makes thirty of them for `revoke`: together 0.15 of its ratio to `node -e 0`.

/** What `revoke` needs besides what every command needs: at 3 a.m. it is the command that has to be there at once. */
const hotSources = [
  'src/commands/revoke.ts',
  'src/runtime/session.ts',
  'src/runtime/watch-session.ts',
  'src/runtime/checkpoint-after.ts',
  'src/db/watch-head.ts',
  'src/db/database.ts',
  'src/db/connect.ts',
  'src/db/embedded/open.ts',
  'src/actions/select-keys.ts',
  'src/actions/revoke-keys.ts',
  'src/render/revocation.ts',
  'node_modules/postgres/src/index.js',
];

/** What `rotate KEY` adds to those. */
const rotateSources = [
  'src/commands/rotate/rotate-keys.ts',
  'src/commands/rotate/index.ts',
  'src/actions/delivery/destinations-for.ts',
  'src/runtime/delivery-places.ts',
  'src/actions/rotation/rotate-keys.ts',
  'src/render/issued-key.ts',
];

/** `start` and every chunk that is loaded with it. */
export function staticClosure(chunks, start) {
  const seen = new Set();
  const waiting = chunks.has(start) ? [start] : [];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const edge of chunks.get(name).imports) if (!edge.isDynamic) waiting.push(edge.name);
  }
  return seen;
}

/** The packs, by file name: the chunks that start every command, those that `revoke` adds to them, and then `rotate`. */
export function packs(chunks, files) {
  const named = (names) => names.map((name) => `${name}.cjs`).filter((file) => files.has(file));
  const startup = named([...staticClosure(chunks, 'main')]);
  const closureOf = (wanted) => {
    const starts = [...chunks].filter(([, { sources, entryPoint }]) =>
      wanted.some((source) => source === entryPoint || sources.includes(source)),
    );
    return named([...new Set(starts.flatMap(([name]) => [...staticClosure(chunks, name)]))]);
  };
  const hot = closureOf(hotSources).filter((file) => !startup.includes(file));
  const rotate = closureOf(rotateSources).filter((file) => !startup.includes(file) && !hot.includes(file));
  return [
    ['startup.cjs', startup],
    ['hot.cjs', hot],
    ['rotate.cjs', rotate],
  ].filter(([, members]) => members.length > 0);
}

/** Replaces the chunks `members` in `files` by one file `name`, and points what requires them at it. */
export function pack({ files, sources }, name, members) {
  const packed = new Map(members.map((file) => [file, files.get(file)]));
  const packedSources = members.flatMap((file) => sources.get(file));
  for (const file of members) {
    files.delete(file);
    sources.delete(file);
  }
  for (const [other, text] of files) {
    const require = (file) => [`require("./${file}")`, `require("./${name}").load("./${file}")`];
    const linked = members.reduce((code, file) => code.replaceAll(...require(file)), text);
    files.set(other, linked);
  }
  const put = (file, code) => {
    files.set(file, code);
    sources.set(file, packedSources);
  };
  put(name, packCode(packed));
  for (const [file, text] of packed) {
    const readByEsm = [...files].some(
      ([other, code]) => other.endsWith('.mjs') && code.includes(`"./${file}"`),
    );
    if (readByEsm || file === 'main.cjs')
      put(file, `module.exports=require("./${name}").load("./${file}");${exportNote(text)}`);
  }
}

/** Each chunk stays a function that runs when it is first asked for; in brackets, because V8 then compiles it at once. */
function packCode(packed) {
  const body = [...packed].map(
    ([file, text]) => `${JSON.stringify(`./${file}`)}:(function(require,module,exports){${text}\n})`,
  );
  return `const __chunks={${body.join(',\n')}};const __made={};
const __require=name=>Object.hasOwn(__chunks,name)?__load(name):require(name);
const __load=name=>{if(!__made[name]){__made[name]={exports:{}};__chunks[name](__require,__made[name],__made[name].exports)}return __made[name].exports};
exports.load=__load;`;
}

/** An ES module learns a chunk's names without running it, from the note that esbuild leaves at its end. */
function exportNote(text) {
  return /0&&\(module\.exports=\{[^}]*\}\);?/.exec(text)?.[0] ?? '';
}
