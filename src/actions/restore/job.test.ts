import { describe, expect, it } from 'vitest';
import { anObject, execute } from './action.fixture.ts';
import { job } from './job.ts';

describe('jobs', () => {
  it('V-RIA-010 lose the labels of their former controller in selector and template only', async () => {
    const uids = { 'controller-uid': 'u', 'batch.kubernetes.io/controller-uid': 'u' };
    const object = anObject(
      'Job',
      {
        spec: {
          selector: { matchLabels: { ...uids, app: 'a' } },
          template: { metadata: { labels: { ...uids, 'job-name': 'x' } }, spec: {} },
        },
      },
      { labels: { ...uids } },
    );
    const { item } = await execute(job(), object);
    expect(item['spec']).toEqual({
      selector: { matchLabels: { app: 'a' } },
      template: { metadata: { labels: { 'job-name': 'x' } }, spec: {} },
    });
    expect(item.metadata.labels).toEqual(uids);
    expect((await execute(job(), anObject('Job', { spec: { template: {} } }))).item['spec']).toEqual({
      template: {},
    });
  });
});
