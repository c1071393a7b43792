import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../api/object.ts';
import { mergeServiceAccount } from './service-account.ts';

const account = (more: Partial<KubeObject>, metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace: 'shop', ...metadata },
  ...more,
});

describe('merging service accounts', () => {
  it('V-RST-130 unites secrets by name and adds only missing labels and annotations', () => {
    const live = account(
      { secrets: [{ name: 'a' }], imagePullSecrets: [{ name: 'p' }] },
      { labels: { app: 'live', keep: 'x' } },
    );
    const saved = account(
      { secrets: [{ name: 'a', namespace: 'other' }, { name: 'b' }], imagePullSecrets: [{ name: 'q' }] },
      { labels: { app: 'saved', more: 'y' }, annotations: { note: 'z' } },
    );
    expect(mergeServiceAccount(live, saved)).toEqual(
      account(
        { secrets: [{ name: 'a' }, { name: 'b' }], imagePullSecrets: [{ name: 'p' }, { name: 'q' }] },
        { labels: { app: 'live', keep: 'x', more: 'y' }, annotations: { note: 'z' } },
      ),
    );
  });

  it('V-RST-130 leaves an account as it is that lacks nothing', () => {
    const live = account({ secrets: [{ name: 'a' }] });
    expect(mergeServiceAccount(live, account({}))).toEqual(live);
  });
});
