// Who may import what. The table below is the rule; the rest of this file turns it into dependency-cruiser's form.
// Run with `node tools/architecture.ts`, which also checks that every source file was really read.
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const pure = ['core', 'conventions', 'detectors', 'alerts', 'config'];
const inside = ['agent/pipeline', 'agent/receivers', 'agent/admin'];
const outside = ['test', 'bench', 'examples', 'tools'];

/**
 * One row per part of the product, named by a path prefix. A part may import itself and
 * - `folders`: anything in them,
 * - `types`: these files, but only their types (`import type`): contracts that two parts share,
 * - `packages`: these npm packages,
 * - Node built-ins, where `effects` is set: sockets, files, timers and chance live there and nowhere else.
 */
const layers = {
  'core/': { folders: [], types: [], packages: [] },
  'conventions/': { folders: ['core'], types: [], packages: [] },
  'detectors/': { folders: ['core'], types: [], packages: ['zod', 'simple-statistics'] },
  'alerts/': { folders: ['core'], types: ['config/config.ts'], packages: ['zod'] },
  'config/': {
    folders: ['core'],
    types: ['detectors/detector.ts', 'alerts/channel.ts', 'alerts/action.ts'],
    packages: ['zod', 'yaml'],
  },
  'agent/pipeline/': {
    folders: [...pure, ...inside],
    types: [],
    packages: ['zod'],
    files: ['agent/http.ts'],
  },
  'agent/receivers/': {
    folders: [...pure, ...inside],
    types: [],
    packages: ['zod'],
    files: ['agent/http.ts'],
  },
  'agent/admin/': { folders: [...pure, ...inside], types: [], packages: ['zod'], files: ['agent/http.ts'] },
  'agent/(?!main\\.)[^/]+\\.ts$': {
    name: 'agent/*.ts',
    folders: [...pure, ...inside],
    types: [],
    packages: ['zod'],
    files: ['agent/(?!main\\.)[^/]+\\.ts'],
  },
  'agent/adapters/': {
    folders: ['core'],
    types: ['agent/http.ts'],
    packages: [
      '@opentelemetry/[^/]+',
      'better-sqlite3',
      'csv-parse',
      'node-cron',
      'nodemailer',
      'pino',
      'prom-client',
      'undici',
    ],
    effects: true,
  },
  'agent/cli/': {
    folders: [...pure, 'agent'],
    types: [],
    packages: ['commander', 'yaml', 'zod'],
    effects: true,
  },
  'agent/(main\\.ts|kedge\\.js)$': {
    name: 'agent/main.ts',
    folders: [...pure, 'agent'],
    types: [],
    packages: ['commander'],
    effects: true,
  },
};

const product = `^(${pure.join('|')}|agent)/`;
const everywhere = `^(${[...pure, 'agent', ...outside].join('|')})/`;
const registries = [
  'conventions/registry.ts',
  'detectors/registry.ts',
  'alerts/registry.ts',
  'alerts/channels/registry.ts',
  'alerts/actions/registry.ts',
];
const literal = (path) => path.replaceAll('.', '\\.');
const startsWith = (folder) => `^${folder}/`;

/** A plug-in is a file that a registry names: nobody keeps a second list. */
function plugIns() {
  return registries.flatMap((registry) => {
    const file = join(__dirname, registry);
    if (!existsSync(file)) return [];
    const folder = registry.slice(0, registry.lastIndexOf('/'));
    const names = [...readFileSync(file, 'utf8').matchAll(/from '\.\/([^']+)'/g)].map((match) => match[1]);
    return names.map((name) => `${folder}/${name}`);
  });
}

function rulesOf([part, row]) {
  const name = row.name ?? part.replace(/\/$/, '');
  const from = { path: `^${part}` };
  const rules = [];
  const rule = (suffix, comment, to) =>
    rules.push({ name: `${name}: ${suffix}`, severity: 'error', comment, from, to });
  const mayImport = row.folders.length === 0 ? 'nothing' : row.folders.join(', ');
  rule('folders', `${name} may import ${mayImport}. Move the code down, or pass it in as an argument.`, {
    path: everywhere,
    pathNot: [
      `^${part}`,
      ...row.folders.map(startsWith),
      ...(row.files ?? []).map((file) => `^${file}$`),
      ...row.types.map((file) => `^${literal(file)}$`),
    ],
  });
  if (row.types.length > 0) {
    rule('types', `${name} may have only the types of ${row.types.join(', ')}: write \`import type\`.`, {
      path: row.types.map((file) => `^${literal(file)}$`),
      dependencyTypesNot: ['type-only'],
    });
  }
  const packages = row.packages.length === 0 ? 'no package' : row.packages.join(', ');
  rule(
    'packages',
    `${name} may use ${packages}. Put a port in core/ports.ts and the package in an adapter.`,
    {
      path: 'node_modules/',
      ...(row.packages.length === 0 ? {} : { pathNot: `(^|/)node_modules/(${row.packages.join('|')})/` }),
    },
  );
  if (row.effects !== true) {
    rule('effects', `${name} is free of effects. Use a port of core/ports.ts; only adapters see Node.`, {
      dependencyTypes: ['core'],
    });
  }
  return rules;
}

const plugInFiles = plugIns().map((file) => `^${literal(file)}$`);

/** Rules that are about single files rather than layers. */
const special = [
  {
    name: 'no-cycles',
    comment: 'Two files that need each other are one file, or share a third one.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-orphans',
    comment: 'Nothing imports this file and it imports nothing: delete it, or connect it.',
    from: { orphan: true, path: product, pathNot: ['^agent/kedge\\.js$', '\\.d\\.ts$'] },
    to: {},
  },
  {
    name: 'only-cli-and-main-see-adapters',
    comment: 'Adapters are chosen in agent/cli or agent/main.ts and handed on as ports.',
    from: { path: product, pathNot: ['^agent/(adapters|cli)/', '^agent/main\\.ts$'] },
    to: { path: '^agent/adapters/' },
  },
  {
    name: 'only-the-root-sees-registries',
    comment: 'agent/agent.ts and agent/cli hand the lists of plug-ins on as arguments.',
    from: { path: product, pathNot: ['^agent/agent\\.ts$', '^agent/cli/'] },
    to: { path: registries.map((file) => `^${literal(file)}$`) },
  },
  {
    name: 'only-cli-and-main-see-the-root',
    comment: 'The composition root knows everybody; nobody it composes may know it.',
    from: { path: product, pathNot: ['^agent/cli/', '^agent/main\\.ts$'] },
    to: { path: '^agent/agent\\.ts$' },
  },
  {
    name: 'simulation-has-no-effects',
    comment: 'A simulation runs on the virtual clock, seeded chance and the memory store alone.',
    from: { path: '^test/sim/' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'product-uses-runtime-packages',
    comment: 'Not among "dependencies" of package.json, so it is missing where Kedge is installed.',
    from: { path: product },
    to: {
      dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'npm-optional'],
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'every-import-resolves',
    comment: 'No such file or package. Imports name the file with its ending: `./x.ts`.',
    from: {},
    to: { couldNotResolve: true },
  },
];
if (plugInFiles.length > 0) {
  special.push({
    name: 'only-registries-see-plugins',
    comment:
      'A plug-in is reached through its registry. What two of them share goes into a file beside them.',
    from: { path: product, pathNot: registries.map((file) => `^${literal(file)}$`) },
    to: { path: plugInFiles },
  });
}

module.exports = {
  forbidden: [
    ...Object.entries(layers).flatMap(rulesOf),
    ...special.map((rule) => ({ severity: 'error', ...rule })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Imports of types count: a type of the wrong layer is the wrong direction too.
    tsPreCompilationDeps: true,
    preserveSymlinks: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
