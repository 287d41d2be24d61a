#!/usr/bin/env node
// neap-wasm.mjs: runs Neap built as WebAssembly (`ninja out/wasm/neap.wasm`) like the native command.
//
//     node tools/neap-wasm.mjs script.lua arguments
//
// The program sees the whole file system, the working directory and the environment. node 18 or
// later. NEAP_WASM names another module file.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// node says on every start that WASI is experimental; the rest of its warnings are of no use here.
process.removeAllListeners('warning');
const { WASI } = await import('node:wasi');

const file = process.env.NEAP_WASM ?? fileURLToPath(new URL('../out/wasm/neap.wasm', import.meta.url));
const wasi = new WASI({
    version: 'preview1',
    args: ['neap', ...process.argv.slice(2)],
    env: { ...process.env, PWD: process.cwd() }, // names are looked up from there (runtime/wasi/posix.c)
    preopens: { '/': '/' },
});
// node would free a WASI object that only the running module refers to, and crash in it.
globalThis.wasi = wasi;
const module = new WebAssembly.Module(readFileSync(file));
const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.wasiImport });

// Lua's errors end in exit codes; what arrives here is a fault of the machine.
try {
    process.exitCode = wasi.start(instance);
} catch (error) {
    process.stderr.write(`neap: ${error}\n`);
    process.exitCode = 134;
}
