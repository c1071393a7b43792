import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../../../dev/cluster/index.ts';
import { RECONCILED } from '../../../src/api/data-protection-application.ts';
import { apiVersionOf, type KindName, KINDS, VELERO_GROUP } from '../../../src/api/kinds.ts';
import { validate } from '../../../src/api/validate.ts';
import { Api, ApiError, inParallel } from '../../support/api.ts';
import { damaged, type Example, examples } from '../../support/examples.ts';
import { installCrds, kubectl, type Side } from '../../support/velero.ts';

/**
 * Every example, and every example damaged in every place, given to an API server with our CRDs and to one with the
 * originals': both must take or refuse alike, and make the same of what they take. Our own check must agree with them.
 *
 * The originals of velero.io come from the real Velero's installer. Those of oadp.openshift.io cannot be had as a
 * package: with OADP_OPERATOR_SOURCE set to a checkout of the operator they are compared too.
 */

interface Verdict {
  taken: boolean;
  /** What the server would store. */
  stored?: unknown;
  /** What it would say to one who asks it to be strict about unknown fields. */
  strict: boolean;
  message?: string;
}

type Verdicts = Map<string, Verdict>;

const oadpSource = process.env['OADP_OPERATOR_SOURCE'];
const given = examples();
const all: Example[] = [...given, ...given.filter((example) => example.valid === true).flatMap(damaged)];
const answers = {} as Record<Side, Verdicts>;
let writes: Writes;

beforeAll(async () => {
  for (const side of ['ours', 'real'] as const) answers[side] = await judge(side);
}, 600_000);

async function judge(side: Side): Promise<Verdicts> {
  await using cluster = await startCluster({ velero: side === 'real' });
  const api = new Api(cluster);
  const verdicts: Verdicts = new Map();
  try {
    if (side === 'real' && oadpSource !== undefined) {
      const crds = ['cloudstorages', 'dataprotectionapplications'].map((name) =>
        path.join(oadpSource, `config/crd/bases/oadp.openshift.io_${name}.yaml`),
      );
      await kubectl(cluster, ['apply', '--server-side', ...crds.flatMap((file) => ['-f', file])]);
    }
    await installCrds(cluster, api, side);
    if (side === 'ours') writes = await writeStatuses(api);
    await inParallel(
      all.filter((example) => side === 'ours' || hasOriginal(example.kind)),
      16,
      async (example) => {
        const loose = await ask(api, example, '');
        const strict = await ask(api, example, '&fieldValidation=Strict');
        verdicts.set(example.title, { ...loose, strict: strict.taken });
      },
    );
  } finally {
    await api.close();
  }
  return verdicts;
}

const reconciled = {
  type: RECONCILED.type,
  status: 'True',
  reason: RECONCILED.reasonComplete,
  message: RECONCILED.messageComplete,
  lastTransitionTime: '2026-11-24T10:00:00Z',
};

interface Writes {
  statusOfBackup: number;
  backup: unknown;
  application: unknown;
  applicationAfterStatus: unknown;
  badConditions: number[];
  storage: unknown;
  storageAfterStatus: unknown;
}

/** What becomes of a status, written with the object and to its own address. */
async function writeStatuses(api: Api): Promise<Writes> {
  const create = (kind: KindName, spec: unknown, status: unknown) =>
    api.create(address(kind), {
      apiVersion: apiVersionOf(KINDS[kind]),
      kind,
      metadata: { name: 'a' },
      spec,
      status,
    });
  const refusal = (conditions: unknown[]) =>
    api.patch(`${address('DataProtectionApplication')}/a/status`, { status: { conditions } }).then(
      () => 200,
      (error: ApiError) => error.status,
    );
  const backup = await create('Backup', {}, { phase: 'Completed' });
  const application = await create(
    'DataProtectionApplication',
    { configuration: {} },
    { conditions: [reconciled] },
  );
  const secret = { name: 'cloud-credentials', key: 'cloud' };
  const storage = await create(
    'CloudStorage',
    { name: 'my-bucket', creationSecret: secret, provider: 'aws' },
    {},
  );
  const { reason: _reason, ...withoutReason } = reconciled;
  return {
    backup,
    application,
    storage,
    statusOfBackup: await api.patch(`${address('Backup')}/a/status`, { status: { phase: 'New' } }).then(
      () => 200,
      (error: ApiError) => error.status,
    ),
    applicationAfterStatus: await api.patch(`${address('DataProtectionApplication')}/a/status`, {
      spec: { configuration: { velero: {} } },
      status: { conditions: [reconciled] },
    }),
    badConditions: await Promise.all(
      [
        withoutReason,
        { ...reconciled, message: 'x'.repeat(32769) },
        { ...reconciled, status: 'Maybe' },
        { ...reconciled, reason: '' },
        { ...reconciled, type: '' },
        { ...reconciled, lastTransitionTime: 'now' },
      ].map((condition) => refusal([condition])),
    ),
    storageAfterStatus: await api.patch(`${address('CloudStorage')}/a/status`, {
      status: { name: 'my-bucket' },
    }),
  };
}

function address(kind: KindName): string {
  return `/apis/${apiVersionOf(KINDS[kind])}/namespaces/default/${KINDS[kind].resource}`;
}

function hasOriginal(kind: KindName): boolean {
  return KINDS[kind].group === VELERO_GROUP || oadpSource !== undefined;
}

async function ask(api: Api, example: Example, query: string): Promise<Omit<Verdict, 'strict'>> {
  try {
    const { spec, status } = await api.create(
      `${address(example.kind)}?dryRun=All${query}`,
      example.manifest,
    );
    return { taken: true, stored: { spec, status } };
  } catch (error) {
    if (!(error instanceof ApiError) || ![400, 422].includes(error.status)) throw error;
    return { taken: false, message: error.message };
  }
}

/** The API server takes any list in place of a time or of bytes, which no Go program can read then; we refuse it. */
function listForFormattedText(example: Example): boolean {
  return (
    /(Time|Timestamp|expiration|lastBackup|lastSkipped|caCert) as list$/.test(example.title) &&
    !dropped(example)
  );
}

/** Asked to be strict, we look at a status that the API server drops, too. */
function dropped(example: Example): boolean {
  return KINDS[example.kind].group !== VELERO_GROUP && / status\b/.test(example.title);
}

const kinds = [
  ['V-CRD-009 V-CRD-012 V-CRD-015', 'Backup'],
  ['V-CRD-022 V-CRD-024', 'Restore'],
  ['V-CRD-030', 'Schedule'],
  ['V-CRD-040', 'BackupStorageLocation'],
  ['V-CRD-043', 'VolumeSnapshotLocation'],
  ['V-CRD-050', 'DeleteBackupRequest'],
  ['V-CRD-051', 'DownloadRequest'],
  ['V-CRD-053', 'ServerStatusRequest'],
  ['V-CRD-060', 'BackupRepository'],
  ['V-CRD-062', 'PodVolumeBackup'],
  ['V-CRD-065', 'PodVolumeRestore'],
  ['V-CRD-070', 'DataUpload'],
  ['V-CRD-072', 'DataDownload'],
  ['O-DPA-003 O-DPA-004 O-DPA-006 O-DPA-007 O-DPA-008 O-DPA-009 O-DPA-016', 'DataProtectionApplication'],
  ['O-CS-002', 'CloudStorage'],
] as const;

describe('an API server with our CRDs', () => {
  it.each(kinds)('%s takes and refuses the examples of %s as their files say', (_numbers, kind) => {
    const mine = given.filter((example) => example.kind === kind);
    expect(mine.some((example) => example.valid === true)).toBe(true);
    expect(mine.some((example) => example.valid === false)).toBe(true);
    const wrong = mine.filter((example) => answers.ours.get(example.title)?.taken !== example.valid);
    expect(wrong.map((example) => [example.title, answers.ours.get(example.title)])).toEqual([]);
  });

  it.each(kinds.filter(([, kind]) => hasOriginal(kind)))(
    '%s judges and stores every example of %s, whole and damaged, as with the original CRD',
    (_numbers, kind) => {
      const titles = all.filter((example) => example.kind === kind).map((example) => example.title);
      expect(titles.length).toBeGreaterThan(10);
      const differing = titles.filter((title) => {
        const [ours, real] = [answers.ours.get(title), answers.real.get(title)];
        return (
          JSON.stringify([ours?.taken, ours?.stored, ours?.strict]) !==
          JSON.stringify([real?.taken, real?.stored, real?.strict])
        );
      });
      expect(differing.map((title) => [title, answers.ours.get(title), answers.real.get(title)])).toEqual([]);
    },
  );
});

describe('status', () => {
  it('V-CRD-005 is written through the object itself in velero.io, and has no address of its own', () => {
    expect(writes.statusOfBackup).toBe(404);
    expect(writes.backup).toMatchObject({ status: { phase: 'Completed' } });
  });

  it('O-DPA-001 O-DPA-036 O-DPA-037 is a subresource of a DataProtectionApplication that holds conditions', () => {
    expect(writes.application).not.toHaveProperty('status');
    expect(writes.applicationAfterStatus).toMatchObject({
      spec: { configuration: {} },
      status: { conditions: [reconciled] },
    });
    expect(writes.badConditions).toEqual([422, 422, 422, 422, 422, 422]);
  });

  it('O-CS-001 is a subresource of a CloudStorage', () => {
    expect(writes.storage).not.toHaveProperty('status');
    expect(writes.storageAfterStatus).toMatchObject({ status: { name: 'my-bucket' } });
  });
});

describe('validate', () => {
  it.each(kinds)(
    '%s agrees with the API server about every example of %s, whole and damaged',
    (_numbers, kind) => {
      const differing = all
        .filter((example) => example.kind === kind)
        .filter((example) => {
          const verdict = answers.ours.get(example.title);
          const loose = validate(kind, example.manifest).length === 0;
          const strict = validate(kind, example.manifest, { strict: true }).length === 0;
          if (listForFormattedText(example)) return loose || strict;
          if (loose !== verdict?.taken) return true;
          return dropped(example) ? strict && !verdict.strict : strict !== verdict.strict;
        });
      expect(
        differing.map((example) => [
          example.title,
          answers.ours.get(example.title),
          validate(kind, example.manifest, { strict: true }),
        ]),
      ).toEqual([]);
    },
  );
});
