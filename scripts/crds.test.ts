import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CRD_FOLDER, crdFiles } from './crds.ts';
import { differingFiles } from './generated.ts';

describe('deploy/crds', () => {
  it('is what src/api says: run `npm run crds` after a change', async () => {
    expect(await differingFiles(CRD_FOLDER, crdFiles())).toEqual([]);
  });

  it('comes out the same every time', () => {
    expect([...crdFiles()]).toEqual([...crdFiles()]);
  });
});

describe('differingFiles', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'crds-'));
    await cp(CRD_FOLDER, folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('names files that were edited, are missing or are one too many', async () => {
    await writeFile(path.join(folder, 'velero.io_backups.yaml'), 'edited');
    await rm(path.join(folder, 'velero.io_restores.yaml'));
    await writeFile(path.join(folder, 'velero.io_resticrepositories.yaml'), 'old');
    expect(await differingFiles(folder, crdFiles())).toEqual([
      'velero.io_backups.yaml',
      'velero.io_resticrepositories.yaml',
      'velero.io_restores.yaml',
    ]);
  });
});
