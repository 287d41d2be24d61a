// chrome_heap.mjs: loads heap snapshots with the parser of Chrome's developer tools, in headless Chromium.
//
//     node tests/cli/chrome_heap.mjs FILE.heapsnapshot...
//
// For each file, on standard output:
//     nodes N, total BYTES, reachable BYTES     as the parser adds them up
//     class COUNT SELF NAME                      rows of the Summary view
//     edge FROM TYPE EDGE TO                     what the Containment view shows (edges as Chrome writes them), TAB between
//     holds NAME: BYTES                          retained sizes of classes with one object
// Exit status 2, with the reason on standard error, when Chromium cannot be run here.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';

const parser = 'devtools://devtools/bundled/entrypoints/heap_snapshot_worker/heap_snapshot_worker.js';

// Runs in the page; DevTools does the same in a worker.
const load = `
  const [text, done] = arguments;
  import('${parser}').then(async ({HeapSnapshot, HeapSnapshotLoader}) => {
    const problems = [];
    const loader = new HeapSnapshotLoader.HeapSnapshotLoader({sendEvent: (name, data) => problems.push([name, data])});
    const channel = new MessageChannel();
    new HeapSnapshot.SecondaryInitManager(channel.port1);
    loader.write(text);
    loader.close();
    await loader.parsingComplete;
    const snapshot = await loader.buildSnapshot(channel.port2);
    const lines = ['nodes ' + snapshot.nodeCount + ', total ' + snapshot.totalSize +
                   ', reachable ' + snapshot.rootNode().retainedSize()];
    for (const row of Object.values(snapshot.aggregatesWithFilter({})))
      lines.push('class ' + row.count + ' ' + row.self + ' ' + row.name);
    for (const nodes = snapshot.allNodes(); nodes.hasNext(); nodes.next()) {
      const node = nodes.item();
      for (const edges = node.edges(); edges.hasNext(); edges.next()) {
        const edge = edges.item();
        lines.push(['edge', node.name(), edge.type(), edge.toString(), edge.node().name()].join('\\t'));
      }
    }
    for (const row of Object.values(snapshot.aggregatesWithFilter({})))
      if (row.count === 1) lines.push('holds ' + row.name + ': ' + row.maxRet);
    for (const [name, data] of problems)
      if (/broken|problem/i.test(name)) lines.push('problem ' + data);
    done(lines.join('\\n'));
  }).catch(error => done('problem ' + error + '\\n' + error.stack));`;

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function unable(reason) {
  console.error(reason);
  process.exitCode = 2;
}

// Chrome puts a socket into its temporary folder, whose name must not be long; TMPDIR's may be.
const folder = mkdtempSync('/tmp/chrome.');
const port = await freePort();
const driver = spawn('chromedriver', [`--port=${port}`, '--silent'], { stdio: 'ignore', env: { ...process.env, TMPDIR: folder } });
let failed = null;
driver.once('error', error => { failed = error; });

async function ask(method, path, body) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
  const { value } = await answer.json();
  if (value && value.error) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

async function waitForDriver() {
  for (let i = 0; i < 300 && !failed; i++) {
    try {
      return await ask('GET', '/status');
    } catch {
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
  throw failed ?? new Error('chromedriver does not answer');
}

let session = null;
try {
  await waitForDriver();
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage', `--user-data-dir=${folder}`];
  const wanted = { browserName: 'chrome', 'goog:chromeOptions': { args }, timeouts: { script: 120000 } };
  session = (await ask('POST', '/session', { capabilities: { alwaysMatch: wanted } })).sessionId;
  await ask('POST', `/session/${session}/url`, { url: parser });
} catch (error) {
  unable(`Chromium cannot be run: ${String(error).split('\n')[0]}`);
}
if (process.exitCode !== 2) {
  for (const file of process.argv.slice(2))
    console.log(await ask('POST', `/session/${session}/execute/async`, { script: load, args: [readFileSync(file, 'utf8')] }));
}
if (session) await ask('DELETE', `/session/${session}`).catch(() => {});
driver.kill();
rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
