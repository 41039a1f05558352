import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { registries } from '../../agent/agent.ts';
import { loadConfig } from '../../config/load.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** The kedge.yaml inside the ConfigMap of the sidecar example. */
function sidecarConfig(): string {
  const documents = parseAllDocuments(read('deploy/kubernetes/sidecar.yaml')).map(
    (one) => one.toJS() as unknown,
  );
  const map = documents.find((one) => (one as { kind?: string }).kind === 'ConfigMap');
  return (map as { data: Record<string, string> }).data['kedge.yaml'] ?? '';
}

const load = (text: string) =>
  loadConfig(text, 'kedge.yaml', registries, { env: {}, readFile: () => undefined });

test.each([
  ['deploy/docker/kedge.yaml', () => read('deploy/docker/kedge.yaml'), '0.0.0.0'],
  ['deploy/kubernetes/sidecar.yaml', sidecarConfig, '127.0.0.1'],
])('%s is read without a fault', (_file, text, otlpHost) => {
  const loaded = load(text());
  expect(loaded).toMatchObject({ ok: true, warnings: [] });
  if (!loaded.ok) return;
  expect(loaded.config.dataDir).toBe('/var/lib/kedge');
  expect(loaded.config.receivers.otlpHttp.host).toBe(otlpHost);
  expect(loaded.config.admin.host).toBe('0.0.0.0');
});

test('the sidecar needs no root, and cannot take the model out of service', () => {
  const documents = parseAllDocuments(read('deploy/kubernetes/sidecar.yaml')).map(
    (one) => one.toJS() as unknown,
  );
  const deployment = documents.find((one) => (one as { kind?: string }).kind === 'Deployment');
  const { spec } = (deployment as { spec: { template: { spec: { initContainers: unknown[] } } } }).spec
    .template;
  expect(spec.initContainers).toHaveLength(1);
  const sidecar = spec.initContainers[0];
  expect(sidecar).toMatchObject({
    restartPolicy: 'Always',
    securityContext: {
      runAsUser: 65_532,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    },
  });
  for (const trap of ['readinessProbe', 'startupProbe', 'lifecycle'])
    expect(sidecar).not.toHaveProperty(trap);
});
