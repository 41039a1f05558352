#!/usr/bin/env node
// Plain JavaScript without a static import on purpose: an old Node must reach this check before it meets
// TypeScript or a native module that it cannot load.
const need = [22, 19];
const have = process.versions.node.split('.').map(Number);
if (have[0] < need[0] || (have[0] === need[0] && have[1] < need[1])) {
  console.error(`kedge: Node.js >=${need.join('.')} is needed, this is ${process.version}`);
  process.exit(2);
}
await import('./main.ts');
